#include "runtime/manifest/compile.hpp"
#include "runtime/manifest/scopes.hpp"

namespace lode {

namespace {

std::vector<program> compile_path(const component& owner, std::string_view name, name_list names) {
  std::vector<program> out;
  auto* path = owner.field(name);
  if (path == nullptr)
    return out;
  owner.record(name);
  if (path->is != manifest_node::shape::list) {
    owner.error("expected a list of keys, found " + describe(*path), name);
    return out;
  }
  for (size_t i = 0; i < path->items.size(); ++i)
    out.push_back(owner.compile(*path->items[i], owner.path() + "/" + std::string{name} + "/" + std::to_string(i), names));
  return out;
}

added_field::type compile_value_type(const component& field) {
  auto word = field.text("value_type");
  if (word == "string")
    return added_field::type::text;
  if (word == "number")
    return added_field::type::number;
  if (word == "integer")
    return added_field::type::integer;
  if (word == "boolean")
    return added_field::type::boolean;
  if (!word.empty())
    field.error("expected string, number, integer or boolean, found '" + word + "'", "value_type");
  return added_field::type::any;
}

add_fields compile_additions(const component& from) {
  add_fields out;
  auto condition = from.optional_code("condition", scopes::change);
  auto fields = from.children("fields");
  if (fields.empty())
    from.error("AddFields needs 'fields'");
  for (auto& field : fields) {
    added_field each{compile_path(field, "path", scopes::record), field.required_code("value", scopes::record),
                     compile_value_type(field), condition};
    if (each.path.empty())
      field.error("an added field needs 'path'");
    out.fields.push_back(std::move(each));
  }
  return out;
}

remove_fields compile_removals(const component& from) {
  remove_fields out;
  out.condition = from.optional_code("condition", scopes::change);
  auto* pointers = from.field("field_pointers");
  if (pointers == nullptr || pointers->is != manifest_node::shape::list) {
    from.error("RemoveFields needs 'field_pointers': a list of paths");
    return out;
  }
  for (auto& pointer : pointers->items) {
    field_path path;
    for (auto& part : pointer->items) {
      auto text = part->is_text() ? part->scalar.string() : part->scalar.is(expression::kind::integer) ? std::to_string(part->scalar.integer()) : std::string{};
      from.record(text);
      path.push_back(std::move(text));
    }
    if (path.empty() || pointer->is != manifest_node::shape::list)
      from.error("expected a path such as [\"meta\", \"etag\"], found " + describe(*pointer), "field_pointers");
    from.record("/");
    out.paths.push_back(std::move(path));
  }
  return out;
}

} // namespace

record_selector_plan compile_selector(const component& selector, bool is_client_side, const used_parts& used) {
  record_selector_plan out;
  if (selector.type() != "RecordSelector") {
    selector.unsupported_type("RecordSelector");
    return out;
  }
  auto extractor = used.extractor ? selector.child("extractor") : std::nullopt;
  if (!extractor && used.extractor)
    selector.error("RecordSelector needs 'extractor'");
  else if (extractor && extractor->type() != "DpathExtractor")
    extractor->unsupported_type("DpathExtractor");
  else if (extractor)
    out.field_path = compile_path(*extractor, "field_path", scopes::config);
  if (extractor)
    extractor->refuse({"record_expander"});
  if (auto filter = selector.child("record_filter")) {
    if (filter->type() != "RecordFilter")
      filter->unsupported_type("RecordFilter");
    else
      out.filter = filter->optional_code("condition", scopes::record);
  }
  out.transform_before_filtering = selector.flag("transform_before_filtering", is_client_side);
  if (auto normalization = selector.field("schema_normalization");
      normalization != nullptr && !(normalization->is_text() && normalization->scalar.string() == "None"))
    selector.unsupported("schema_normalization other than None is not supported", "schema_normalization");
  return out;
}

std::vector<transformation> compile_transformations(const component& stream) {
  std::vector<transformation> out;
  for (auto& each : stream.children("transformations")) {
    if (each.type() == "AddFields")
      out.emplace_back(compile_additions(each));
    else if (each.type() == "RemoveFields")
      out.emplace_back(compile_removals(each));
    else
      each.unsupported_type("AddFields, RemoveFields");
  }
  return out;
}

} // namespace lode

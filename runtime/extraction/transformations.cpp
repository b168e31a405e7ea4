#include "runtime/extraction/transformations.hpp"

#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/json_tree.hpp"
#include "runtime/extraction/json_value.hpp"

namespace lode {

using expression::value;

namespace {

void show_record(const json_tree& tree, expression::context& names) {
  auto text = tree.to_json();
  json_document document;
  if (!document.parse(text))
    names.set("record", to_value(document.root()));
}

caf::expected<bool> holds(const std::optional<program>& condition, const expression::context& names,
                          std::string_view what) {
  if (!condition || condition->empty())
    return true;
  auto result = expression::evaluate_condition(*condition, names);
  if (!result)
    return bad_template(what, result.error());
  return *result;
}

bool is_of_type(const value& item, added_field::type type) {
  using expression::kind;
  switch (type) {
    case added_field::type::any:
      return true;
    case added_field::type::text:
      return item.is(kind::string);
    case added_field::type::number:
      return item.is(kind::integer) || item.is(kind::real) || item.is(kind::number);
    case added_field::type::integer:
      return item.is(kind::integer) || item.is(kind::number);
    case added_field::type::boolean:
      return item.is(kind::boolean);
  }
  return true;
}

/// A value of another type than the one asked for stays the text that was rendered.
caf::expected<value> added_value(const added_field& field, const expression::context& names) {
  auto item = expression::evaluate(field.value, names);
  if (!item)
    return bad_template("value of an added field", item.error());
  if (is_of_type(*item, field.value_type))
    return std::move(*item);
  auto text = field.value.render(names);
  if (!text)
    return bad_template("value of an added field", text.error());
  return value{expression::to_text(text->outcome)};
}

caf::expected<field_path> path_of(const std::vector<program>& codes, const expression::context& names) {
  field_path path;
  for (const auto& code : codes) {
    auto element = text_of(code, names, "path of an added field");
    if (!element)
      return element.error();
    path.push_back(std::move(*element));
  }
  return path;
}

caf::error apply(const add_fields& step, json_tree& tree, expression::context& names) {
  for (const auto& field : step.fields) {
    auto path = path_of(field.path, names);
    if (!path)
      return path.error();
    auto item = added_value(field, names);
    if (!item)
      return item.error();
    names.set("value", *item);
    auto wanted = holds(field.condition, names, "condition of an added field");
    if (!wanted)
      return wanted.error();
    if (!*wanted)
      continue;
    tree.set(*path, json_tree::from(*item));
    show_record(tree, names);
  }
  return {};
}

caf::error apply(const remove_fields& step, json_tree& tree, expression::context& names) {
  auto wanted = holds(step.condition, names, "condition of removed fields");
  if (!wanted)
    return wanted.error();
  if (!*wanted)
    return {};
  for (const auto& path : step.paths)
    if (!path.empty())
      tree.remove(path);
  show_record(tree, names);
  return {};
}

caf::error apply_all(const stream_plan& stream, json_tree& tree, expression::context& names) {
  for (const auto& step : stream.transformations)
    if (auto error = std::visit([&](const auto& one) { return apply(one, tree, names); }, step))
      return error;
  return {};
}

} // namespace

bool changes_records(const stream_plan& stream) {
  return stream.selector.filter || !stream.transformations.empty();
}

caf::expected<std::optional<std::string>> transform_record(const stream_plan& stream, json_node record,
                                                           expression::context& names) {
  auto tree = json_tree::from(record);
  names.set("record", to_value(record));
  if (stream.selector.transform_before_filtering)
    if (auto error = apply_all(stream, tree, names))
      return error;
  auto is_kept = holds(stream.selector.filter, names, "record_filter");
  if (!is_kept)
    return is_kept.error();
  if (!*is_kept)
    return std::optional<std::string>{};
  if (!stream.selector.transform_before_filtering)
    if (auto error = apply_all(stream, tree, names))
      return error;
  if (stream.transformations.empty())
    return std::optional{std::string{record.raw()}};
  return std::optional{tree.to_json()};
}

} // namespace lode

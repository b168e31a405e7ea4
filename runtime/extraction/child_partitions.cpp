#include "runtime/extraction/child_partitions.hpp"

#include "runtime/expression/program.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/json_text.hpp"
#include "runtime/extraction/json_value.hpp"
#include "runtime/extraction/record_selector.hpp"

namespace lode {

using expression::value;

namespace {

field_path split_path(std::string_view text) {
  field_path path;
  for (size_t from = 0; from <= text.size();) {
    auto end = std::min(text.find('.', from), text.size());
    path.emplace_back(text.substr(from, end - from));
    from = end + 1;
  }
  return path;
}

caf::expected<expression::value_list> values_of(const list_router& router, const expression::context& names) {
  if (auto texts = std::get_if<std::vector<std::string>>(&router.values))
    return expression::value_list(texts->begin(), texts->end());
  auto items = expression::evaluate(std::get<program>(router.values), names);
  if (!items)
    return bad_template("values of a list router", items.error());
  if (!items->is(expression::kind::list))
    return failed(errc::bad_source, "values of the list router `" + router.cursor_field + "` are "
                                      + std::string{kind_name(items->kind())} + ", a list is needed");
  return items->list();
}

std::string member_text(std::string_view name, std::string_view json) {
  std::string text;
  append_json_string(text, name);
  return text.append(":").append(json).append(",");
}

} // namespace

caf::expected<std::vector<std::string>> list_products(const std::vector<partition_router>& routers,
                                                      const expression::context& names) {
  std::vector<std::string> products{""};
  for (const auto& router : routers) {
    auto list = std::get_if<list_router>(&router);
    if (!list)
      continue;
    auto items = values_of(*list, names);
    if (!items)
      return items.error();
    std::vector<std::string> longer;
    for (const auto& product : products)
      for (const auto& item : *items)
        longer.push_back(product + member_text(list->cursor_field, to_json(item)));
    products = std::move(longer);
  }
  return products;
}

caf::expected<child_collector> child_collector::make(const source_plan& source, size_t parent,
                                                     std::string_view parent_partition,
                                                     const expression::context& names) {
  child_collector collector;
  collector.parent_partition_ = parent_partition;
  if (!source.streams[parent].is_parent)
    return collector;
  for (size_t i = 0; i < source.streams.size(); ++i)
    for (const auto& router : source.streams[i].routers) {
      auto sub = std::get_if<substream_router>(&router);
      for (size_t j = 0; sub && j < sub->parents.size(); ++j) {
        const auto& one = sub->parents[j];
        if (one.stream != parent)
          continue;
        auto key = text_of(one.parent_key, names, "parent_key");
        if (!key)
          return key.error();
        auto products = list_products(source.streams[i].routers, names);
        if (!products)
          return products.error();
        collector.links_.push_back({i, split_path(*key), one.partition_field, one.extra_fields, std::move(*products)});
      }
    }
  return collector;
}

void child_collector::add(json_node record) {
  for (const auto& child : links_) {
    auto key = value_at(record, child.parent_key);
    if (!key.exists() || key.is(json_kind::null))
      continue;
    for (const auto& product : child.products) {
      auto text = partition_text(child, key, record, product);
      if (known_.insert(std::to_string(child.stream) + ' ' + text).second)
        partitions_.push_back({child.stream, std::move(text)});
    }
  }
}

std::string child_collector::partition_text(const link& child, json_node key, json_node record,
                                            const std::string& product) {
  auto text = "{" + product + member_text(child.partition_field, key.raw());
  if (!parent_partition_.empty())
    text += member_text("parent_slice", parent_partition_);
  std::string extra;
  for (const auto& path : child.extra_fields) {
    std::string name;
    for (const auto& element : path)
      name += (name.empty() ? "" : ".") + element;
    if (auto item = value_at(record, path); item.exists())
      extra += member_text(name, item.raw());
  }
  if (!extra.empty()) {
    extra.back() = '}';
    text += member_text("extra_fields", "{" + extra);
  }
  text.back() = '}';
  if (scratch_.parse(text))
    return text; // cannot be: all parts are JSON
  return std::string{canonical_.write(scratch_.root())};
}

} // namespace lode

#include "runtime/extraction/request_fields.hpp"

#include <algorithm>

#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"

namespace lode {

using expression::value;
using expression::value_map;

namespace {

caf::error repeated(std::string_view bag, std::string_view key) {
  return failed(errc::bad_source, "two components of the request set the " + std::string{bag} + " `" + std::string{key}
                                    + "`; only one may");
}

caf::error merge_entries(request_fields::entries& into, const request_fields::entries& more, on_repeat rule,
                         std::string_view bag) {
  for (const auto& [key, item] : more) {
    auto found = std::find_if(into.begin(), into.end(), [&key = key](const auto& entry) { return entry.first == key; });
    if (found == into.end())
      into.emplace_back(key, item);
    else if (rule == on_repeat::refuse)
      return repeated(bag, key);
    else if (rule == on_repeat::keep_last)
      found->second = item;
  }
  return {};
}

caf::error merge_maps(value_map& into, const value_map& more, on_repeat rule) {
  for (const auto& [key, item] : more) {
    auto present = into.find(key);
    if (!present) {
      into.set(key, item);
    } else if (present->is(expression::kind::map) && item.is(expression::kind::map)) {
      auto inside = present->map();
      if (auto error = merge_maps(inside, item.map(), rule))
        return error;
      into.set(key, std::move(inside));
    } else if (rule == on_repeat::keep_last) {
      into.set(key, item);
    } else if (rule == on_repeat::refuse && !expression::equal(*present, item)) {
      return repeated("JSON body field", key);
    }
  }
  return {};
}

value_map nested(const std::vector<std::string>& path, size_t level, value item) {
  value_map map;
  map.set(path[level], level + 1 == path.size() ? std::move(item) : value{nested(path, level + 1, std::move(item))});
  return map;
}

caf::expected<value> render_list(const template_tree::list& items, const expression::context& names) {
  expression::value_list list;
  for (const auto& item : items) {
    auto rendered = render_tree(item, names);
    if (!rendered)
      return rendered.error();
    list.push_back(std::move(*rendered));
  }
  return value{std::move(list)};
}

caf::expected<value> render_map(const template_tree::map& entries, const expression::context& names) {
  value_map map;
  for (const auto& [key_code, tree] : entries) {
    auto key = text_of(key_code, names, "a key of request_body_json");
    if (!key)
      return key.error();
    auto item = render_tree(tree, names);
    if (!item)
      return item.error();
    if (!item->is(expression::kind::none))
      map.set(*key, std::move(*item));
  }
  return value{std::move(map)};
}

} // namespace

caf::error put_option(request_fields& fields, const request_option& option, value item,
                      const expression::context& names) {
  std::vector<std::string> path;
  for (const auto& element : option.field_path) {
    auto name = text_of(element, names, "field_path of a request option");
    if (!name)
      return name.error();
    path.push_back(std::move(*name));
  }
  if (path.empty()) {
    auto name = text_of(option.field_name, names, "field_name of a request option");
    if (!name)
      return name.error();
    path.push_back(std::move(*name));
  }
  request_fields one;
  switch (option.into) {
    case request_option::place::parameter:
      one.parameters.emplace_back(path.back(), std::move(item));
      break;
    case request_option::place::header:
      one.headers.emplace_back(path.back(), std::move(item));
      break;
    case request_option::place::body_form:
      one.form.emplace_back(path.back(), std::move(item));
      break;
    case request_option::place::body_json:
      one.json = nested(path, 0, std::move(item));
      break;
  }
  return merge(fields, one, on_repeat::refuse);
}

caf::error merge(request_fields& fields, const request_fields& more, on_repeat rule) {
  if (auto error = merge_entries(fields.parameters, more.parameters, rule, "parameter"))
    return error;
  if (auto error = merge_entries(fields.headers, more.headers, rule, "header"))
    return error;
  if (auto error = merge_entries(fields.form, more.form, rule, "form field"))
    return error;
  return merge_maps(fields.json, more.json, rule);
}

caf::expected<request_fields::entries> render_entries(const template_entries& entries, const expression::context& names,
                                                      expression::literals allowed, std::string_view what) {
  request_fields::entries rendered;
  for (const auto& [key_code, code] : entries) {
    auto key = text_of(key_code, names, what);
    if (!key)
      return key.error();
    auto item = expression::evaluate_entry(code, names, allowed);
    if (!item)
      return bad_template(std::string{what} + " `" + *key + "`", item.error());
    if (!item->is(expression::kind::none))
      rendered.emplace_back(std::move(*key), std::move(*item));
  }
  return rendered;
}

caf::expected<value> render_tree(const template_tree& tree, const expression::context& names) {
  if (auto constant = std::get_if<value>(&tree.node))
    return *constant;
  if (auto items = std::get_if<template_tree::list>(&tree.node))
    return render_list(*items, names);
  if (auto entries = std::get_if<template_tree::map>(&tree.node))
    return render_map(*entries, names);
  auto item = expression::evaluate_entry(std::get<program>(tree.node), names, expression::literals::all);
  if (!item)
    return bad_template("request_body_json", item.error());
  return std::move(*item);
}

} // namespace lode

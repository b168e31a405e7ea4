#include "runtime/manifest/component.hpp"

#include <algorithm>

#include "runtime/expression/json_text.hpp"
#include "runtime/expression/python_text.hpp"

namespace lode {

namespace {

std::string join(const std::string& path, std::string_view name) {
  return name.empty() ? path : path + "/" + std::string{name};
}

} // namespace

component::component(compilation& into, const manifest_node_pointer& node, std::string path)
  : into_(&into), node_(node), path_(std::move(path)) {
  if (auto* given = node_->find("$parameters"))
    parameters_ = to_value(**given);
  record(type());
}

std::string component::type() const {
  auto* found = node_->find("type");
  return found != nullptr && (*found)->is_text() ? (*found)->scalar.string() : std::string{};
}

const manifest_node* component::field(std::string_view name) const {
  auto* found = node_->find(name);
  return found == nullptr || (*found)->is_null() ? nullptr : found->get();
}

void component::record(std::string_view what) const {
  into_->fingerprint += what;
  into_->fingerprint += '\n';
}

std::string component::text(std::string_view name, std::string otherwise) const {
  auto* found = field(name);
  if (found == nullptr)
    return otherwise;
  if (found->is != manifest_node::shape::scalar) {
    error("expected text, found " + describe(*found), name);
    return otherwise;
  }
  auto out = expression::to_text(found->scalar);
  record(name);
  record(out);
  return out;
}

bool component::flag(std::string_view name, bool otherwise) const {
  auto* found = field(name);
  if (found == nullptr)
    return otherwise;
  if (!found->scalar.is(expression::kind::boolean)) {
    error("expected true or false, found " + describe(*found), name);
    return otherwise;
  }
  record(name);
  record(found->scalar.boolean() ? "true" : "false");
  return found->scalar.boolean();
}

std::optional<int64_t> component::whole(std::string_view name) const {
  auto* found = field(name);
  if (found == nullptr)
    return std::nullopt;
  if (!found->scalar.is(expression::kind::integer)) {
    error("expected an integer, found " + describe(*found), name);
    return std::nullopt;
  }
  record(name);
  record(std::to_string(found->scalar.integer()));
  return found->scalar.integer();
}

program component::compile(const manifest_node& from, const std::string& path, name_list names) const {
  if (from.is != manifest_node::shape::scalar) {
    into_->notes.push_back({diagnostic::level::error, into_->file, from.line, path, "expected text or a template, found " + describe(from)});
    return {};
  }
  auto source = expression::to_text(from.scalar);
  record(source);
  auto code = program::parse(source, {names, parameters_});
  if (code) {
    bool reads_parameters = source.find("parameters") != source.npos && !code->is_plain();
    if (reads_parameters)
      record(expression::to_repr(parameters_));
    return *code;
  }
  auto severity = code.error().is_unsupported ? diagnostic::level::unsupported : diagnostic::level::error;
  auto message = "column " + std::to_string(code.error().column) + ": " + code.error().message;
  into_->notes.push_back({severity, into_->file, from.line, path, std::move(message)});
  return {};
}

std::optional<program> component::optional_code(std::string_view name, name_list names) const {
  auto* found = field(name);
  if (found == nullptr)
    return std::nullopt;
  record(name);
  return compile(*found, join(path_, name), names);
}

program component::code(std::string_view name, name_list names) const {
  return optional_code(name, names).value_or(program{});
}

program component::required_code(std::string_view name, name_list names) const {
  if (!has(name))
    error(type() + " needs '" + std::string{name} + "'");
  return code(name, names);
}

template_entries component::entries(std::string_view name, name_list names) const {
  template_entries out;
  auto* found = field(name);
  if (found == nullptr)
    return out;
  if (found->is != manifest_node::shape::map) {
    found->is_text() ? unsupported("a template that yields the whole map is not supported; a map of templates is", name)
                     : error("expected a map, found " + describe(*found), name);
    return out;
  }
  record(name);
  for (auto& [key, item] : found->entries) {
    auto path = join(path_, name) + "/" + key;
    if (key == "$parameters" || item->is_null())
      continue;
    if (item->is != manifest_node::shape::scalar) {
      into_->notes.push_back({diagnostic::level::unsupported, into_->file, item->line, path,
                              "expected text, a number or a boolean, found " + describe(*item)});
      continue;
    }
    manifest_node label;
    label.scalar = key;
    label.line = item->line;
    auto key_code = compile(label, path, names);
    out.emplace_back(std::move(key_code), compile(*item, path, names));
  }
  return out;
}

template_tree component::tree(const manifest_node& from, const std::string& path, name_list names) const {
  if (from.is == manifest_node::shape::list) {
    record("[");
    template_tree::list items;
    for (size_t i = 0; i < from.items.size(); ++i)
      items.push_back(tree(*from.items[i], path + "/" + std::to_string(i), names));
    record("]");
    return {std::move(items)};
  }
  if (from.is == manifest_node::shape::map) {
    record("{");
    template_tree::map entries;
    for (auto& [key, item] : from.entries) {
      if (key == "$parameters")
        continue;
      manifest_node label;
      label.scalar = key;
      label.line = item->line;
      auto key_code = compile(label, path + "/" + key, names);
      entries.emplace_back(std::move(key_code), tree(*item, path + "/" + key, names));
    }
    record("}");
    return {std::move(entries)};
  }
  if (from.is_text())
    return {compile(from, path, names)};
  auto constant = to_value(from);
  record(expression::to_repr(constant));
  return {constant};
}

std::vector<std::string> component::texts(std::string_view name) const {
  auto* found = field(name);
  if (found == nullptr)
    return {};
  std::vector<std::string> out;
  auto add = [&](const manifest_node& each) {
    if (each.is != manifest_node::shape::scalar)
      return error("expected text, found " + describe(each), name);
    out.push_back(expression::to_text(each.scalar));
    record(out.back());
  };
  record(name);
  if (found->is == manifest_node::shape::list)
    for (auto& each : found->items)
      add(*each);
  else
    add(*found);
  return out;
}

std::optional<field_path> component::path_in(const manifest_node& from, std::string_view name) const {
  field_path path;
  if (from.is_text())
    return field_path{from.scalar.string()};
  for (auto& each : from.items) {
    if (!each->is_text())
      break;
    path.push_back(each->scalar.string());
  }
  if (path.empty() || path.size() != from.items.size()) {
    error("expected the name of a field or a list of names (its path), found " + describe(from), name);
    return std::nullopt;
  }
  return path;
}

std::vector<field_path> component::paths(std::string_view name) const {
  std::vector<field_path> out;
  auto* found = field(name);
  if (found == nullptr)
    return out;
  if (found->is != manifest_node::shape::list) {
    error("expected a list of fields, found " + describe(*found), name);
    return out;
  }
  for (auto& each : found->items)
    if (auto path = path_in(*each, name))
      out.push_back(std::move(*path));
  return out;
}

std::optional<component> component::child(std::string_view name) const {
  auto* found = node_->find(name);
  if (found == nullptr || (*found)->is_null())
    return std::nullopt;
  if ((*found)->is != manifest_node::shape::map) {
    error("expected a component, found " + describe(**found), name);
    return std::nullopt;
  }
  record(name);
  return component{*into_, *found, join(path_, name)};
}

component component::bare_child(std::string_view name) const {
  auto node = std::make_shared<manifest_node>();
  node->is = manifest_node::shape::map;
  node->line = field(name)->line;
  return component{*into_, std::move(node), join(path_, name)};
}

std::vector<component> component::children(std::string_view name) const {
  std::vector<component> out;
  auto* found = node_->find(name);
  if (found == nullptr || (*found)->is_null())
    return out;
  record(name);
  auto add = [&](const manifest_node_pointer& each, std::string path) {
    if (each->is == manifest_node::shape::map)
      out.emplace_back(*into_, each, std::move(path));
    else
      error("expected a component, found " + describe(*each), name);
  };
  if ((*found)->is != manifest_node::shape::list)
    add(*found, join(path_, name));
  else
    for (size_t i = 0; i < (*found)->items.size(); ++i)
      add((*found)->items[i], join(path_, name) + "/" + std::to_string(i));
  return out;
}

size_t component::mistakes() const {
  return static_cast<size_t>(std::count_if(into_->notes.begin(), into_->notes.end(),
                                           [](const diagnostic& each) { return each.severity != diagnostic::level::warning; }));
}

void component::note(diagnostic::level severity, std::string message, std::string_view at) const {
  auto* found = at.empty() ? nullptr : node_->find(at);
  auto line = found != nullptr ? (*found)->line : node_->line;
  into_->notes.push_back({severity, into_->file, line, join(path_, at), std::move(message)});
}

void component::error(std::string message, std::string_view at) const {
  note(diagnostic::level::error, std::move(message), at);
}

void component::unsupported(std::string message, std::string_view at) const {
  note(diagnostic::level::unsupported, std::move(message), at);
}

void component::warning(std::string message, std::string_view at) const {
  note(diagnostic::level::warning, std::move(message), at);
}

void component::unsupported_type(std::string_view supported) const {
  if (type().empty())
    error("expected a component with 'type', one of: " + std::string{supported});
  else
    unsupported("'" + type() + "' is not supported; supported here: " + std::string{supported}, "type");
}

void component::refuse_unknown(std::initializer_list<std::string_view> allowed) const {
  for (auto& [key, item] : node_->entries) {
    if (key == "$parameters" || std::find(allowed.begin(), allowed.end(), key) != allowed.end())
      continue;
    std::string known;
    for (auto each : allowed)
      known += (known.empty() ? "" : ", ") + std::string{each};
    error("unknown key '" + key + "'; allowed here: " + known, key);
  }
}

void component::refuse(std::initializer_list<std::string_view> names) const {
  for (auto name : names) {
    auto* found = field(name);
    bool is_set = found != nullptr
                  && (found->is != manifest_node::shape::scalar ? !found->items.empty() || !found->entries.empty()
                                                                : expression::is_true(found->scalar));
    if (is_set)
      unsupported("'" + std::string{name} + "' of " + type() + " is not supported", name);
  }
}

} // namespace lode

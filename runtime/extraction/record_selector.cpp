#include "runtime/extraction/record_selector.hpp"

#include <algorithm>
#include <charconv>

#include "runtime/extraction/error_rules.hpp"
#include "runtime/extraction/failure.hpp"

namespace lode {

namespace {

std::string_view kind_text(json_kind kind) {
  switch (kind) {
    case json_kind::null:
      return "null";
    case json_kind::boolean:
      return "a boolean";
    case json_kind::number:
      return "a number";
    case json_kind::string:
      return "text";
    case json_kind::list:
      return "a list";
    case json_kind::map:
      return "an object";
  }
  return "a value";
}

std::string path_text(const field_path& path) {
  std::string text;
  for (const auto& element : path)
    text += (text.empty() ? "" : ".") + element;
  return text;
}

json_node element_at(json_node list, std::string_view position) {
  size_t wanted = 0;
  auto [end, error] = std::from_chars(position.data(), position.data() + position.size(), wanted);
  if (error != std::errc{} || end != position.data() + position.size())
    return {};
  auto item = list.first_child();
  for (size_t i = 0; i < wanted && item.exists(); ++i)
    item = item.next_sibling();
  return item;
}

json_node child_of(json_node from, const std::string& name) {
  return from.is(json_kind::list) ? element_at(from, name) : from.member(name);
}

template <class Function>
void for_each_child(json_node from, Function function) {
  size_t position = 0;
  for (auto child = from.first_child(); child.exists(); child = child.next_sibling()) {
    if (from.is(json_kind::list)) {
      function(std::to_string(position++), child);
      continue;
    }
    auto item = child.next_sibling();
    function(child.text(), item);
    child = item;
  }
}

void append_from(std::vector<json_node>& out, json_node from, const field_path& path, size_t level) {
  if (level == path.size()) {
    out.push_back(from);
    return;
  }
  if (!from.is(json_kind::map) && !from.is(json_kind::list))
    return;
  const auto& element = path[level];
  if (element == "**")
    append_from(out, from, path, level + 1);
  for_each_child(from, [&](const std::string& name, json_node child) {
    if (element == "**")
      append_from(out, child, path, level);
    else if (matches_glob(element, name))
      append_from(out, child, path, level + 1);
  });
}

/// An empty container, empty text, zero, false or null.
bool is_falsy(json_node node) {
  switch (node.kind()) {
    case json_kind::null:
      return true;
    case json_kind::boolean:
      return node.raw() == "false";
    case json_kind::number:
      return node.raw().find_first_of("123456789") == std::string_view::npos;
    case json_kind::string:
      return node.raw_string().empty();
    case json_kind::list:
    case json_kind::map:
      return !node.first_child().exists();
  }
  return true;
}

caf::error wrong_shape(json_node found, const field_path& path) {
  auto place = path.empty() ? std::string{"the body"} : "`" + path_text(path) + "`";
  return failed(errc::bad_response,
                place + " is " + std::string{kind_text(found.kind())} + ", a list of records is expected");
}

caf::error select_from_body(std::vector<json_node>& out, json_node body, const field_path& path) {
  if (has_glob(path)) {
    append_matches(out, body, path);
    return {};
  }
  auto place = body;
  for (const auto& element : path) {
    if (!place.is(json_kind::map) && !place.is(json_kind::list) && !is_falsy(place))
      return wrong_shape(place, path);
    place = child_of(place, element);
    if (!place.exists())
      break;
  }
  if (!place.exists()) {
    auto said = message_in(body);
    return said.empty() ? caf::error{}
                        : failed(errc::bad_response, "the body has no `" + path_text(path) + "` but an error: " + said);
  }
  if (place.is(json_kind::list)) {
    for (auto item = place.first_child(); item.exists(); item = item.next_sibling())
      out.push_back(item);
    return {};
  }
  if (is_falsy(place))
    return {};
  if (!place.is(json_kind::map))
    return wrong_shape(place, path);
  out.push_back(place);
  return {};
}

/// Matches one letter against the element of `pattern` at `at` (a letter, `?` or a set) and moves behind it.
bool matches_letter(std::string_view pattern, size_t& at, char letter) {
  auto close = pattern[at] == '[' ? pattern.find(']', at + 2) : std::string_view::npos;
  if (close == std::string_view::npos)
    return pattern[at++] == letter || pattern[at - 1] == '?';
  auto set = pattern.substr(at + 1, close - at - 1);
  at = close + 1;
  bool is_negated = set.front() == '!';
  set.remove_prefix(is_negated);
  bool is_in = false;
  for (size_t i = 0; i < set.size(); ++i) {
    bool is_range = i + 2 < set.size() && set[i + 1] == '-';
    is_in = is_in || (is_range ? set[i] <= letter && letter <= set[i + 2] : set[i] == letter);
    i += is_range ? 2 : 0;
  }
  return is_in != is_negated;
}

} // namespace

json_node value_at(json_node from, const field_path& path) {
  for (const auto& element : path) {
    if (!from.is(json_kind::map) && !from.is(json_kind::list))
      return {};
    from = child_of(from, element);
  }
  return from;
}

void append_matches(std::vector<json_node>& out, json_node from, const field_path& path) {
  append_from(out, from, path, 0);
}

bool has_glob(const field_path& path) {
  return std::any_of(path.begin(), path.end(),
                     [](const auto& element) { return element.find_first_of("*?[") != std::string::npos; });
}

bool matches_glob(std::string_view pattern, std::string_view text) {
  auto retry_pattern = std::string_view::npos; // behind the last `*`, and where its match was last begun
  size_t retry_text = 0, at = 0, in_text = 0;
  while (in_text < text.size()) {
    size_t next = at;
    if (at < pattern.size() && pattern[at] == '*') {
      retry_pattern = ++at;
      retry_text = in_text;
    } else if (at < pattern.size() && matches_letter(pattern, next, text[in_text])) {
      at = next;
      ++in_text;
    } else if (retry_pattern != std::string_view::npos) {
      at = retry_pattern;
      in_text = ++retry_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

caf::expected<std::vector<json_node>> select_records(json_node body, const field_path& path) {
  std::vector<json_node> records;
  if (!body.is(json_kind::list)) {
    if (auto error = select_from_body(records, body, path))
      return error;
    return records;
  }
  for (auto item = body.first_child(); item.exists(); item = item.next_sibling()) {
    // Elements of a top-level list are the records themselves unless a path leads further into each.
    if (path.empty())
      records.push_back(item);
    else if (auto error = select_from_body(records, item, path))
      return error;
  }
  return records;
}

} // namespace lode

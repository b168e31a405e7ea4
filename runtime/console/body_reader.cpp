#include "runtime/console/body_reader.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "config/text_values.hpp"
#include "messages/type_ids.hpp"

namespace lode {

namespace json = boost::json;

body_reader::body_reader(std::string_view text) {
  root_ = json::object{};
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return;
  json::error_code problem;
  auto value = json::parse({text.data(), text.size()}, problem);
  if (problem)
    complain("not JSON: " + problem.message());
  else if (!value.is_object())
    complain("found " + kind_name(value) + ", expected a JSON object");
  else
    root_ = std::move(value);
}

std::string body_reader::text(std::string_view key) {
  const auto* found = take(key);
  if (!found)
    complain(std::string{key} + " is missing");
  else if (!found->is_string())
    wrong(key, *found, "a text");
  else
    return std::string{found->get_string()};
  return {};
}

std::string body_reader::text_or(std::string_view key, std::string otherwise) {
  const auto* found = take(key);
  if (!found)
    return otherwise;
  if (found->is_string())
    return std::string{found->get_string()};
  wrong(key, *found, "a text");
  return otherwise;
}

std::optional<int64_t> body_reader::number(std::string_view key) {
  const auto* found = take(key);
  if (!found)
    return std::nullopt;
  if (found->is_int64())
    return found->get_int64();
  wrong(key, *found, "a whole number");
  return std::nullopt;
}

std::string body_reader::object(std::string_view key) {
  const auto* found = take(key);
  if (!found)
    return {};
  if (found->is_object())
    return json::serialize(*found);
  wrong(key, *found, "an object");
  return {};
}

std::optional<std::vector<std::string>> body_reader::texts(std::string_view key) {
  const auto* found = take(key);
  if (!found)
    return std::nullopt;
  std::vector<std::string> out;
  auto is_list = found->is_array();
  if (is_list)
    for (const auto& item : found->get_array()) {
      is_list = is_list && item.is_string();
      if (is_list)
        out.emplace_back(item.get_string());
    }
  if (!is_list)
    wrong(key, *found, "a list of texts");
  return out;
}

const json::value* body_reader::any(std::string_view key) {
  return take(key);
}

void body_reader::complain(std::string message) {
  mistakes_ += (mistakes_.empty() ? "" : "; ") + message;
}

caf::error body_reader::finish() {
  for (const auto& entry : root_.get_object()) {
    std::string key{entry.key()};
    if (std::ranges::count(known_, key))
      continue;
    auto meant = setting_text::nearest_name(key, known_);
    complain("there is no key \"" + key + "\" here" + (meant.empty() ? "" : "; did you mean \"" + meant + "\"?"));
  }
  return mistakes_.empty() ? caf::error{} : caf::make_error(errc::bad_argument, std::move(mistakes_));
}

const json::value* body_reader::take(std::string_view key) {
  known_.emplace_back(key);
  return root_.get_object().if_contains({key.data(), key.size()});
}

void body_reader::wrong(std::string_view key, const json::value& found, std::string_view expected) {
  complain(std::string{key} + ": found " + kind_name(found) + ", expected " + std::string{expected});
}

std::string kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "a boolean";
    case json::kind::string: return "a text";
    case json::kind::array: return "a list";
    case json::kind::object: return "an object";
    default: return "a number";
  }
}

} // namespace lode

#include "runtime/extraction/record_key.hpp"

#include <charconv>
#include <cmath>

#include "messages/records.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/extraction/json_text.hpp"
#include "runtime/extraction/json_value.hpp"
#include "runtime/extraction/record_selector.hpp"

namespace lode {

namespace {

std::string name_of(const field_path& path) {
  std::string name;
  for (const auto& element : path)
    name += (name.empty() ? "" : ".") + element;
  return name;
}

/// U+D800..U+DFFF as three bytes: what a lone surrogate decodes to.
bool holds_surrogate(std::string_view text) {
  for (auto at = text.find('\xED'); at != std::string_view::npos; at = text.find('\xED', at + 1))
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0)
      return true;
  return false;
}

key_reading bad_key(const field_path& path, std::string_view what) {
  return {{}, "key field `" + name_of(path) + "` " + std::string{what}};
}

key_reading read_field(json_node record, const field_path& path) {
  auto node = value_at(record, path);
  if (!node.exists())
    return bad_key(path, "is missing");
  switch (node.kind()) {
    case json_kind::null:
      return bad_key(path, "is null");
    case json_kind::map:
      return bad_key(path, "is an object, text or a number is needed");
    case json_kind::list:
      return bad_key(path, "is a list, text or a number is needed");
    case json_kind::number:
    case json_kind::boolean:
      return {std::string{node.raw()}, {}};
    case json_kind::string:
      break;
  }
  key_reading reading{node.text(), {}};
  if (reading.key.empty())
    return bad_key(path, "is empty");
  if (reading.key.find('\0') != std::string::npos)
    return bad_key(path, "holds U+0000");
  if (node.has_escapes() && holds_surrogate(reading.key))
    return bad_key(path, "holds a lone surrogate");
  return reading;
}

key_reading checked(key_reading reading) {
  if (reading.key.size() > max_key_bytes)
    return {{},
            "the key has " + std::to_string(reading.key.size()) + " bytes, at most " + std::to_string(max_key_bytes)
              + " can be stored"};
  return reading;
}

} // namespace

key_reading read_key(json_node record, const std::vector<field_path>& primary_key) {
  if (primary_key.size() == 1)
    return checked(read_field(record, primary_key[0]));
  std::string text = "[";
  for (const auto& path : primary_key) {
    auto part = read_field(record, path);
    if (!part.problem.empty())
      return part;
    if (text.size() > 1)
      text += ',';
    if (value_at(record, path).is(json_kind::string))
      append_json_string(text, part.key);
    else
      text += part.key;
  }
  return checked({text + "]", {}});
}

expression::result<int64_t> read_order(json_node record, const field_path& field, const std::string& format) {
  auto node = value_at(record, field);
  if (!node.exists() || node.is(json_kind::null))
    return int64_t{0};
  auto unreadable = [&](std::string_view what) {
    return expression::failure{"ordering field `" + name_of(field) + "` " + std::string{what}, 0};
  };
  if (!format.empty() || node.is(json_kind::string)) {
    auto date = format.empty() ? expression::parse_iso_date_time(node.text())
                : node.is(json_kind::string) && !node.has_escapes()
                  ? expression::parse_date_time(node.raw_string(), format)
                  : expression::parse_date_value(to_value(node), format);
    if (!date)
      return unreadable("is no datetime: " + date.error().message);
    return date->microseconds;
  }
  if (!node.is(json_kind::number))
    return unreadable("is neither a number nor a datetime");
  auto text = node.raw();
  int64_t integer = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (error == std::errc{} && end == text.data() + text.size())
    return integer;
  double real = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), real);
  if (read.ec != std::errc{} || std::abs(real) >= 9.2e18)
    return unreadable("is beyond 64 bits: " + std::string{text.substr(0, 40)});
  return static_cast<int64_t>(std::floor(real));
}

std::optional<instant> read_cursor(json_node field, const incremental_plan& plan) {
  if (!field.exists() || field.is(json_kind::null))
    return std::nullopt;
  auto read = [&](const std::string& format) {
    return field.is(json_kind::string) && !field.has_escapes() ? expression::parse_date_time(field.raw_string(), format)
                                                               : expression::parse_date_value(to_value(field), format);
  };
  for (const auto& format : plan.cursor_formats)
    if (auto date = read(format))
      return instant{std::chrono::microseconds{date->microseconds}};
  if (auto date = read(plan.datetime_format))
    return instant{std::chrono::microseconds{date->microseconds}};
  return std::nullopt;
}

} // namespace lode

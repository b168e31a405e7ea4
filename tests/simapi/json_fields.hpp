#pragma once

#include "tests/simapi/commands.hpp"

#include <boost/json.hpp>
#include <initializer_list>
#include <optional>

namespace simapi {

/// Reads the fields of a command's body and refuses what it does not know.
class json_fields {
public:
  json_fields(const boost::json::object& object, std::initializer_list<std::string_view> known) : object_(object) {
    for (const auto& [key, value] : object)
      if (std::find(known.begin(), known.end(), std::string_view{key}) == known.end())
        throw command_error(400, "unknown key '" + std::string{key} + "'");
  }

  bool has(std::string_view name) const { return object_.contains(name); }

  template <class Number>
  Number number(std::string_view name, Number otherwise) const {
    const auto* value = object_.if_contains(name);
    if (!value)
      return otherwise;
    boost::system::error_code error;
    auto read = value->to_number<Number>(error);
    if (error)
      fail(name, *value, "a number that is not negative where a count is meant");
    return read;
  }

  bool flag(std::string_view name, bool otherwise) const {
    const auto* value = object_.if_contains(name);
    if (value && !value->is_bool())
      fail(name, *value, "true or false");
    return value ? value->get_bool() : otherwise;
  }

  std::optional<std::string> text(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    if (!value)
      return {};
    if (!value->is_string())
      fail(name, *value, "text");
    return std::string{value->get_string()};
  }

  /// A text or a list of texts; missing or "*" = empty.
  std::vector<std::string> texts(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    if (!value || (value->is_string() && value->get_string() == "*"))
      return {};
    if (value->is_string())
      return {std::string{value->get_string()}};
    if (!value->is_array())
      fail(name, *value, "a text or a list of texts");
    std::vector<std::string> result;
    for (const auto& each : value->get_array())
      each.is_string() ? result.emplace_back(each.get_string()) : fail(name, each, "a text");
    return result;
  }

private:
  template <class Result = std::string&>
  [[noreturn]] static Result fail(std::string_view name, const boost::json::value& found, std::string_view expected) {
    throw command_error(400, std::string{name} + ": found " + boost::json::serialize(found) + ", expected " + std::string{expected});
  }

  const boost::json::object& object_;
};

} // namespace simapi

#include "runtime/cli/demo/json_fields.hpp"

#include <boost/json.hpp>

namespace lode::demo {

namespace json = boost::json;

std::string text_in(const json::object& object, const char* name) {
  const auto* found = object.if_contains(name);
  return found && found->is_string() ? std::string{found->get_string()} : std::string{};
}

int64_t number_in(const json::object& object, const char* name) {
  const auto* found = object.if_contains(name);
  return found && found->is_number() ? found->to_number<int64_t>() : 0;
}

bool flag_in(const json::object& object, const char* name) {
  const auto* found = object.if_contains(name);
  return found && found->is_bool() && found->get_bool();
}

const json::object& object_in(const json::object& object, const char* name) {
  static const json::object nothing;
  const auto* found = object.if_contains(name);
  return found && found->is_object() ? found->get_object() : nothing;
}

json::object parse_object(const std::string& text) {
  json::error_code problem;
  auto value = json::parse(text, problem);
  return !problem && value.is_object() ? std::move(value.get_object()) : json::object{};
}

} // namespace lode::demo

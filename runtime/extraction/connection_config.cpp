#include "runtime/extraction/connection_config.hpp"

#include "runtime/expression/json_text.hpp"
#include "runtime/extraction/failure.hpp"

namespace lode {

caf::expected<expression::value> connection_config(const std::string& configuration, const std::string& secrets) {
  expression::value_map result;
  for (const auto* text : {&configuration, &secrets}) {
    if (text->empty())
      continue;
    auto parsed = expression::parse_json(*text);
    if (!parsed || !parsed->is(expression::kind::map))
      return failed(errc::bad_source, "configuration and secrets must each be a JSON object");
    for (const auto& [key, item] : parsed->map())
      result.set(key, item);
  }
  return expression::value{std::move(result)};
}

} // namespace lode

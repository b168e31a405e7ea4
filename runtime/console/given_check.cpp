#include "runtime/console/given_check.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "messages/type_ids.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/security/redact.hpp"

namespace lode {

namespace json = boost::json;

namespace {

/// Whether it is a URL of the form scheme://user:password@host.
bool has_password(std::string_view text) {
  auto scheme = text.find("://");
  if (scheme == text.npos)
    return false;
  auto authority = text.substr(scheme + 3, text.find('/', scheme + 3) - scheme - 3);
  auto at = authority.rfind('@');
  return at != authority.npos && authority.substr(0, at).find(':') != authority.npos;
}

/// Adds the paths ("auth.code") under which `value` holds a secret: those that the source declares, names that say so, and
/// URLs with a password.
void find_secrets(const json::value& value, const std::string& path, const std::vector<std::string>& declared, std::string& found) {
  auto note = [&] { found += (found.empty() ? "" : ", ") + path; };
  if (!path.empty() && std::ranges::count(declared, path) > 0)
    return note();
  if (const auto* object = value.if_object())
    for (const auto& entry : *object) {
      std::string key{entry.key()};
      auto inner = path.empty() ? key : path + "." + key;
      find_secrets(entry.value(), inner, is_secret_name(key) ? std::vector{inner} : declared, found);
    }
  if (const auto* list = value.if_array())
    for (const auto& item : *list)
      find_secrets(item, path, declared, found);
  if (const auto* text = value.if_string(); text && has_password(*text))
    note();
}

std::string secrets_in(const std::string& configuration, const manifest_summary& manifest) {
  json::error_code problem;
  auto value = configuration.empty() ? json::value(json::object{}) : json::parse(configuration, problem);
  std::string found;
  if (!problem)
    find_secrets(value, "", manifest.secrets, found);
  return found.empty() ? "" : "configuration: " + found + " is or holds a secret; give it under \"secrets\"";
}

/// Undefined where it is no JSON: whoever reads the request has told that.
expression::value value_of(const std::string& text) {
  auto parsed = text.empty() ? expression::result<expression::value>{expression::value{}} : expression::parse_json(text);
  return parsed ? *parsed : expression::value{};
}

} // namespace

caf::error check_given(const manifest_summary& manifest, const std::string& configuration, const std::string& secrets, given_part given) {
  auto all = given == given_part::secrets ? std::string{} : secrets_in(configuration, manifest);
  for (const auto& mistake : check_connection(manifest.connection_schema, value_of(configuration), value_of(secrets), given))
    all += (all.empty() ? "" : "; ") + mistake;
  return all.empty() ? caf::error{} : caf::make_error(errc::bad_argument, std::move(all));
}

} // namespace lode

#include "runtime/http/redirect_policy.hpp"

#include "runtime/http/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace lode {

namespace {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool is_one_of(std::string_view name, const auto& list) {
  return std::any_of(std::begin(list), std::end(list),
                     [&](const auto& known) { return equals_ignoring_case(name, known); });
}

/// Harmless to any server. Everything else may be a credential under a name that nobody told us.
bool may_go_anywhere(const http_header& header) {
  constexpr std::array<std::string_view, 4> names{"accept", "accept-encoding", "accept-language", "user-agent"};
  return is_one_of(header.name, names);
}

bool describes_body(const http_header& header) {
  return to_lower(header.name).starts_with("content-");
}

bool is_usual_credential(std::string_view name) {
  constexpr std::array<std::string_view, 14> names{
    "access_token", "token",  "auth_token", "auth",     "api_key",       "apikey",    "api-key",
    "key",          "secret", "password",   "appsecret_proof", "client_secret", "signature", "sig"};
  return is_one_of(name, names);
}

bool is_credential(std::string_view name, const http_request& asked) {
  return is_usual_credential(name) || is_one_of(name, asked.credential_parameters);
}

http_error refused(const http_url& from, const std::string& what) {
  return {http_failure::redirect_refused, "redirect from " + authority_of(from) + " not followed: " + what};
}

/// 303 always becomes a GET; 301 and 302 turn a POST into one, as all clients do.
bool becomes_get(int status, const std::string& method) {
  return (status == 303 && method != "HEAD") || ((status == 301 || status == 302) && method == "POST");
}

} // namespace

std::variant<std::monostate, http_request, http_error>
redirect_policy::next(const http_request& asked, const http_url& asked_url, const http_response& response) {
  auto location = is_redirect(response.status) ? find_header(response.headers, "Location") : nullptr;
  if (location == nullptr)
    return std::monostate{};
  if (left_ == 0)
    return refused(asked_url, "there were " + std::to_string(limit_) + " already, the limit");
  --left_;
  auto parsed = parse_http_url(resolve_reference(to_string(asked_url), *location));
  if (auto error = std::get_if<http_error>(&parsed))
    return refused(asked_url, error->message);
  auto& target = std::get<http_url>(parsed);
  if (asked_url.scheme == "https" && target.scheme == "http")
    return refused(asked_url, "it leads from https to plain http on " + authority_of(target));

  auto following = asked;
  if (becomes_get(response.status, asked.method)) {
    following.method = "GET";
    following.body.clear();
    std::erase_if(following.headers, describes_body);
  }
  remember_credentials(asked);
  if (!same_origin(asked_url, target)) {
    if (!following.body.empty())
      return refused(asked_url, "it would take the body of the request to " + target.scheme + "://"
                                  + authority_of(target));
    std::erase_if(following.headers, [](const http_header& header) { return !may_go_anywhere(header); });
    target.target = without_credentials(target, asked);
  }
  following.url = to_string(target);
  return following;
}

void redirect_policy::remember_credentials(const http_request& asked) {
  for (auto& [name, value] : query_parameters(asked.url))
    if (!value.empty() && is_credential(name, asked))
      credentials_.push_back(value);
}

/// Drops what repeats a credential, under whatever name. A server's own token for the new place (a signed link)
/// has another value and stays.
std::string redirect_policy::without_credentials(const http_url& target, const http_request& asked) const {
  auto mark = target.target.find('?');
  if (mark == std::string::npos)
    return target.target;
  std::string kept;
  auto query = std::string_view{target.target}.substr(mark + 1);
  while (!query.empty()) {
    auto field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(field.size() + 1, query.size()));
    auto sign = std::min(field.find('='), field.size());
    auto name = unquote_plus(field.substr(0, sign));
    auto value = unquote_plus(field.substr(std::min(sign + 1, field.size())));
    if (is_one_of(name, asked.credential_parameters)
        || std::find(credentials_.begin(), credentials_.end(), value) != credentials_.end())
      continue;
    kept.append(kept.empty() ? "" : "&").append(field);
  }
  auto path = target.target.substr(0, mark);
  return kept.empty() ? path : path + "?" + kept;
}

} // namespace lode

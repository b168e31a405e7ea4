#include "runtime/console/access_check.hpp"

#include <algorithm>
#include <array>

#include "config/listen_address.hpp"

namespace lode {

namespace {

/// "127.0.0.1:7788", "localhost", "[::1]:80"
bool names_this_machine(std::string_view host) {
  auto bracket = host.rfind(']');
  auto has_port = host.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
  auto address = parse_listen_address(has_port ? std::string{host} : std::string{host} + ":0");
  return address && address->is_loopback;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// What follows "Bearer "; "" when it is something else.
std::string_view token_in(std::string_view authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (authorization.size() <= scheme.size() || !is_same_word(authorization.substr(0, scheme.size()), scheme))
    return {};
  return authorization.substr(scheme.size());
}

} // namespace

access_verdict access_check::judge(const access_claim& claim, clock::time_point now) {
  if (has_token())
    return claim.authorization.empty() ? access_verdict{access_answer::no_token} : judge_token(token_in(claim.authorization), claim.peer, now);
  const auto own = (claim.is_secure ? "https://" : "http://") + std::string{claim.host};
  const bool is_here = names_this_machine(claim.host) && (claim.origin.empty() || claim.origin == own);
  return {is_here ? access_answer::granted : access_answer::foreign};
}

access_verdict access_check::judge_token(std::string_view token, const std::string& peer, clock::time_point now) {
  if (!has_token())
    return {access_answer::granted};
  const auto address = attempt_address(peer);
  if (auto wait = failed_.wait_of(address, now); wait.count() > 0)
    return {access_answer::too_many, wait};
  if (tokens_.let_in(token)) {
    failed_.succeeded(address);
    return {access_answer::granted};
  }
  failed_.failed(address, now);
  return {access_answer::wrong_token};
}

bool is_secret_parameter(std::string_view name) {
  constexpr std::array secrets{"token",  "access_token", "auth_token", "bearer",   "authorization",
                               "apikey", "api_key",      "password",   "secret", "client_secret"};
  return std::ranges::any_of(secrets, [&](const char* each) { return is_same_word(name, each); });
}

} // namespace lode

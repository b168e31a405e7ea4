#include "runtime/console/access_check.hpp"

#include <sodium.h>

#include <fstream>

#include "config/listen_address.hpp"
#include "messages/error.hpp"
#include "messages/type_ids.hpp"

namespace lode {

namespace {

bool is_same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

/// "127.0.0.1:7788", "localhost", "[::1]:80"
bool names_this_machine(std::string_view host) {
  auto bracket = host.rfind(']');
  auto has_port = host.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
  auto address = parse_listen_address(has_port ? std::string{host} : std::string{host} + ":0");
  return address && address->is_loopback;
}

} // namespace

bool access_check::is_authorised(const access_claim& claim) const {
  if (has_token()) {
    constexpr std::string_view scheme = "Bearer ";
    return claim.authorization.starts_with(scheme) && is_same_secret(claim.authorization.substr(scheme.size()), token_);
  }
  return names_this_machine(claim.host) && (claim.origin.empty() || claim.origin == "http://" + std::string{claim.host});
}

caf::expected<std::string> read_token_file(const std::string& path) {
  std::ifstream file{path};
  std::string token;
  std::getline(file, token);
  while (!token.empty() && (token.back() == '\r' || token.back() == ' '))
    token.pop_back();
  if (token.size() >= 16)
    return token;
  return caf::make_error(errc::bad_argument, path + ": expected a readable file whose first line is a token of at least "
                                                    "16 characters; make one: openssl rand -hex 32");
}

} // namespace lode

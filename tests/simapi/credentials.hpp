#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simapi {

/// The secrets of one tenant. All are derived from the seed and these counters, so that only the counters need to be remembered.
struct credentials {
  uint64_t seed = 0;
  uint32_t tenant = 0;
  uint32_t generation = 0; // new secrets raise it
  uint32_t rotation = 0;   // crm: how often the refresh token was replaced
  uint32_t serial = 0;     // crm: access tokens issued so far

  std::string graph_token() const;
  std::string shop_key() const;
  std::string graphql_token() const;
  std::string client_id() const;
  std::string client_secret() const;
  std::string refresh_token() const;

  /// A crm access token with the present serial.
  std::string access_token(int64_t issued_at) const;
};

/// What a well-formed crm access token says.
struct access_token_facts {
  uint32_t tenant;
  uint32_t generation;
  uint32_t serial;
  int64_t issued_at;
};

/// Reads a token that this seed has signed; anything else is nothing.
std::optional<access_token_facts> read_access_token(uint64_t seed, std::string_view token);

/// The tenant that a graphql token names; the rest of the token is for the caller to compare.
std::optional<uint32_t> tenant_of_graphql_token(std::string_view token);

/// The tenant that a client id names; the rest of the id is for the caller to compare.
std::optional<uint32_t> tenant_of_client_id(std::string_view client_id);

} // namespace simapi

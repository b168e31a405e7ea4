#pragma once

#include <string>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "messages/actors.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// Keeps the access token of one connection: refreshes it before it expires or when the API refused it, one refresh at a
/// time, whoever asks. A single-use refresh token's successor is durable before the new access token is handed out; if
/// the node dies between, the old one is tried once more and a refusal ends as "re-authorise".
struct credential_keeper_state {
  static constexpr const char* name = "lode.credential-keeper";

  credential_keeper_state(credential_keeper_actor::pointer self, services_pointer services, connection_pointer connection,
                          uint32_t stream);
  credential_keeper_actor::behavior_type make_behavior();

  using promise = caf::typed_response_promise<access_token>;

  const oauth_auth& plan() const;
  bool is_valid() const;
  void refresh();
  void arrived(const http_exchange& exchange);
  void store_successor(std::string refresh_token);
  void answer();
  void fail(const caf::error& why);

  credential_keeper_actor::pointer self;
  services_pointer services;
  connection_pointer connection;
  uint32_t stream; ///< one that authenticates so
  std::string token;
  std::optional<instant> expires;
  bool is_refreshing = false;
  std::vector<promise> waiting;
};
using credential_keeper = credential_keeper_actor::stateful_impl<credential_keeper_state>;

} // namespace lode

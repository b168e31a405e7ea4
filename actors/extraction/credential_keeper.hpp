#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "messages/actors.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// Keeps the access token of one connection: refreshes it before it expires or when the API refused it, one refresh at a
/// time, whoever asks.
///
/// A single-use refresh token (the source has an updater for it):
///
///   begin (durable, fenced) ──▶ request ──▶ successor ──▶ store it (durable, nothing is begun any more) ──▶ answer
///      │                           ├─▶ not sent, 429, 5xx, no successor ──▶ forget what was begun
///      │                           ├─▶ refused ──▶ errc::unauthorized: a person authorises again
///      │                           └─▶ no answer ──▶ stays begun: the token is tried once more, by whoever comes next
///      └─▶ two without an answer ──▶ errc::unauthorized
///
/// Nothing is sent while the node's lease does not hold: another node may be at the same. What was begun then is ended as
/// not sent, and begun anew when the lease holds again.
///
/// Told to go while such a refresh is under way, it stays until the successor is stored: it would be lost.
struct credential_keeper_state {
  static constexpr const char* name = "lode.credential-keeper";

  credential_keeper_state(credential_keeper_actor::pointer self, services_pointer services,
                          connection_pointer connection, uint32_t stream);
  credential_keeper_actor::behavior_type make_behavior();

  using promise = caf::typed_response_promise<access_token>;

  const oauth_auth& plan() const;
  bool is_valid() const;
  bool is_single_use() const { return plan().updater.has_value(); }
  void refresh();
  void begin(http_request request);
  void not_begun(const caf::error& why);
  void wait_for_lease();
  void reload();
  void send(http_request request);
  void arrived(const http_exchange& exchange);
  void granted(std::string refresh_token);
  void refused(errc code, const std::string& why);
  void store_successor(const std::string& refresh_token);
  /// Ends what was begun, then goes on; waits for a store that is away.
  void settle(bool is_token_unused, std::function<void()> then);
  void answer();
  void fail(const caf::error& why);
  void rest();
  caf::error told(errc code, const std::string& why) const;
  /// People: the call for a token brought none.
  void report_call(const std::string& why, const http_exchange& exchange) const;

  credential_keeper_actor::pointer self;
  services_pointer services;
  connection_pointer connection;
  uint32_t stream; ///< one that authenticates so
  std::string access;
  std::optional<instant> expires;
  bool is_refreshing = false;
  std::vector<promise> waiting;

  // of a single-use refresh token
  refresh_token token;        ///< the one in use
  int64_t unknown = 0;        ///< earlier requests with it that were never answered
  uint32_t reloads = 0;       ///< in a row, because the secrets had changed
  caf::strong_actor_ptr busy; ///< itself, while a refresh is under way: nobody else may hold it any more
  std::optional<caf::error> leaving;
  std::optional<counted_wait> lease_wait;
  activity_board::entry shown;
};
using credential_keeper = credential_keeper_actor::stateful_impl<credential_keeper_state>;

} // namespace lode

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "messages/ids.hpp"
#include "messages/node_status.hpp"
#include "runtime/storage/standing_store.hpp"

namespace lode {

/// Who works for a tenant, parents before children.
enum class worker : uint8_t {
  tenant_supervisor,
  run, ///< no actor: an open run, as its supervisor holds it
  credential_keeper,
  miner,
  sweeper,
  capture,
  websocket_listener,
  webhook_listener,
  rechecker,
  listener, ///< of a kind that Lode does not bring
};
inline constexpr size_t workers = 10;

/// What it does at the moment.
enum class doing : uint8_t {
  waits,      ///< for whatever comes
  starting,
  permit,     ///< asks the fetch gate, which has not said what it is to wait for
  quota,      ///< the fetch gate holds it back: a limit of its API
  bytes,      ///< the fetch gate holds it back: the node's memory for responses is used up
  token,      ///< asks for an access token
  leaseless,  ///< the node does not know whether the work is still its own
  fetching,   ///< a request is out; `until`: it is slow from then on
  quarantined,
  parsing,
  committing, ///< what it has made is on its way into the store, and nothing else can be done before
  pausing,
  resuming,
  sweeping,
  refreshing, ///< an access token
  opening,
  listening,
  leaving,
};

std::string_view name_of(worker who);
/// In the tree of supervision.
uint32_t depth_of(worker who);

/// One of them, as it stands.
struct work_line {
  worker who = worker::miner;
  tenant_id tenant{};
  connection_id connection{}; ///< 0: all of the tenant's
  std::string what{};         ///< "main: orders, partition eu"
  uint32_t side = 0;          ///< of a connection's live part, from 1; 0 = it is none of that
  uint64_t actor = 0;         ///< its id in this process; 0 = it is none
  uint32_t restarts = 0;
  std::string kind{};         ///< of miners and listeners that Lode does not bring: the name in the manifest; else ""

  doing step = doing::starting;
  instant since{};
  std::optional<instant> until{};
  std::string detail{}; ///< for people; holds no secret

  /// What went wrong since it last got on; none: nothing.
  wait_reason trouble = wait_reason::none;
  instant trouble_since{};
  std::string trouble_text{};
  uint32_t attempts = 0; ///< that failed
};

/// "miner", "miner.soap".
std::string name_of(const work_line& x);
/// As CAF's registry calls the actor; "" for what is none.
std::string actor_name_of(const work_line& x);

/// "waits for quota until 12:00:05: the limit of its app, ..."
std::string words_of(const work_line& x);
actor_activity told(const work_line& x);

} // namespace lode

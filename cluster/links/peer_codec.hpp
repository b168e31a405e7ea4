#pragma once

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <variant>

#include "messages/cluster.hpp"
#include "messages/node_status.hpp"

/// wire::peer_message as values. Nothing that a peer sends is trusted: what cannot be read is an error, never a crash.
namespace lode {

/// Longer ones would look like a dead link on a slow line (caf: a link lives by whole messages).
inline constexpr size_t max_peer_message = 256 * 1024;

struct peer_hello {
  uint32_t wire_version = cluster_wire_version;
  std::string cluster;
  std::string name;
  incarnation self;
  incarnation expected; ///< the life that it means to reach
};
struct peer_hello_answer {
  bool is_accepted = false;
  bool is_to_come_again = false; ///< refused for now: the answerer has not seen the asker's life yet
  std::string reason;
  uint32_t wire_version = cluster_wire_version;
  std::string cluster;
  std::string name;
  incarnation self;
};
struct status_question {
  std::optional<tenant_id> about{};
};
struct drain_request {
  bool is_draining = true;
};
struct peer_goodbye {
  std::string reason;
};

struct peer_envelope {
  uint64_t call = 0; ///< 0: nobody waits for an answer
  bool is_answer = false;
  caf::error failed; ///< instead of a content; one of lode::errc
  /// monostate: something that only a newer release knows.
  std::variant<std::monostate, peer_hello, peer_hello_answer, ask_tenant, command_answer, shards_freed, status_question,
               node_report, drain_request, peer_goodbye>
    content;
};

/// Fails with errc::bad_argument when it would be longer than a peer takes.
caf::expected<peer_message> encode(const peer_envelope& envelope);
/// Fails with errc::bad_argument: too long, or not what it should be. Unknown fields are ignored.
caf::expected<peer_envelope> decode(const peer_message& message);

} // namespace lode

#pragma once

#include <caf/error.hpp>

#include <optional>
#include <string>
#include <vector>

#include "messages/runs.hpp"
#include "messages/storage.hpp"

namespace lode {

/// What keeps a connection from advancing, the less grave before the graver: of several the graver one is told. Stands in the store by
/// its number and in answers by its name (name_of).
enum class wait_reason : uint8_t {
  none,        ///< it advances, or waits for its schedule
  queued,      ///< it is due, and others are before it
  quota,       ///< a limit of its API
  store_slow,  ///< what was fetched does not commit
  api_slow,    ///< a request is out for long
  backing_off, ///< a request failed and is made again later
  not_heard,   ///< its live side is not listened to
  moving,      ///< no living node has its shard
  paused,      ///< by a person
  suspended,   ///< it needs a person
};

/// What a connection with an open run waits for, as the node says that mines it.
struct told_standing {
  connection_id connection;
  wait_reason reason = wait_reason::none;
  instant since{};
  std::optional<instant> until{}; ///< when the wait will be over, where that is known
  std::string detail{};           ///< for people; holds no secret
  double records_per_second = 0;
  std::optional<instant> last_commit{};
};

/// A request to an API that brought no page. Texts are masked and cut (2 KiB each) before they come here.
struct call_error {
  connection_id connection;
  stream_id stream;
  run_id run;
  std::string partition{};
  instant at{};
  int status = 0; ///< of HTTP; 0: there was no answer
  int64_t attempt = 1;
  std::string text{};     ///< what is wrong, in words
  std::string request{};  ///< first line and headers
  std::string response{}; ///< status, headers, the beginning of the body
};

/// What a node tells of its work, for people at whichever console. Losing it loses no record. Used by one thread; fails like catalog_store.
class standing_store {
public:
  virtual ~standing_store() = default;

  /// In place of what was told of these connections before. Those whose shard is not this node's are passed over: a zombie says nothing.
  virtual caf::error put_standings(const std::vector<told_standing>& standings) = 0;
  /// None of their runs is open here. Of one whose latest run ended incomplete that is told from now on (backing_off, its reason), of the
  /// others nothing any more.
  virtual caf::error end_standings(const std::vector<connection_id>& connections) = 0;
  /// The latest twenty of each connection are kept.
  virtual caf::error add_call_errors(const std::vector<call_error>& errors) = 0;
};

} // namespace lode

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "messages/ids.hpp"

namespace lode {

/// What happens to a run, or to its connection, that people want to know of.
enum class run_event : uint8_t {
  begun,
  resumed,         ///< after a restart, a pause or a change of its connection
  page_retried,    ///< a page is asked for again after a backoff
  page_waits,      ///< a limit: a page is asked for again when that is over, and no try is used up
  page_lost,       ///< it died with its worker and is read again
  page_failed,     ///< it could not be had: its interval stays owed
  records_died,
  not_swept,       ///< a full pass deletes nothing, or asks first
  stream_stopped,  ///< too many of its records could not be used
  miner_restarted,
  left_open,       ///< it stays open in the store, nothing of it is mined for now
  finished,
  incomplete,
  cancelled,       ///< in the store
  suspended,       ///< the connection, in the store
  not_suspended,   ///< the store refuses to keep the suspension: the connection rests only until it is due again
};

/// What an event is about, in the names that people know. Empty and 0: not one in particular, or not known.
struct run_subject {
  std::string tenant;
  std::string connection;
  std::string stream{};
  run_id run{};
  int64_t store_generation = 0; ///< with the run it gives the trace id
};

/// Called from any thread; must not block. `detail` is for people: why, or how many; never a secret.
using run_report = std::function<void(run_event, const run_subject&, const std::string& detail)>;

/// Tells nobody.
inline const run_report no_run_report = [](auto, const auto&, const auto&) {};

} // namespace lode

#pragma once

#include <boost/json/array.hpp>
#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <vector>

#include "runtime/console/router.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

/// What a connection is known up to and where it goes on, as the API shows it. States of continuations stay sealed: next
/// links carry credentials. Who has one can put it back, nothing else.
struct state_view {
  std::vector<partition_cursor> cursors;
  boost::json::array shown_cursors;
  boost::json::array shown_anchors;
  boost::json::array shown_continuations;
};

caf::expected<state_view> load_state(const connection_row& connection, api_context& context);

/// The stream that a view calls so (stream_name); nothing when there is none.
std::optional<stream_id> stream_called(const std::string& name, const connection_row& connection,
                                       const state_view& state);

} // namespace lode

#pragma once

#include <caf/expected.hpp>

#include <optional>
#include <vector>

#include "messages/runs.hpp"
#include "runtime/storage/inspection_store.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

struct connection_context;
class continuation_codec;

/// What is known when a run begins.
struct run_plan_inputs {
  const connection_context& connection;
  run_kind kind = run_kind::scheduled;
  const std::vector<bool>& is_whole;     ///< stream i of the plan is read from the beginning, whatever its cursor says
  std::optional<slice_bounds> repairs{}; ///< what a repair has to read, whatever the cursors say
  std::optional<backfill_order> ordered{}; ///< what a backfill has to read, of streams with dates
  std::vector<partition_cursor> cursors{};
  /// Down to where its newest-first streams need not be read; of this edition and source version.
  std::vector<partition_anchor> anchors{};
  instant now{};
};

/// Pure: the slices that a run reads of each partition that it begins with, from the cursors; and what it passes over for good.
/// Fails when a template of the manifest can't be evaluated for the connection.
caf::expected<run_start> plan_run(const run_plan_inputs& in, const continuation_codec& codec);

/// Of what is heard live: deletes are told by events or found out by the fetch that one asks for, or full passes look for them.
std::vector<stream_id> streams_that_hear_deletes(const connection_context& connection);

} // namespace lode

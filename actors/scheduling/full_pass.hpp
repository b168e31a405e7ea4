#pragma once

#include <set>
#include <vector>

#include "messages/runs.hpp"
#include "runtime/manifest/plan.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

/// Which streams of a source a connection mines.
struct mined_streams {
  const source_plan& plan;
  const std::vector<stream_id>& ids;    ///< by index in the plan, 0 = not mined
  const std::set<size_t>& parents_only; ///< those of them that are read for their children's sake only
};

/// What a run reads from the beginning although its cursors are further on.
struct full_passes {
  std::vector<bool> is_whole;         ///< by index in the plan
  std::vector<full_pass_start> begun; ///< of streams that ask for passes
};

/// Whether a stream that is kept asks for full passes: it declares `full_pass_every`, or a parent above it may be read from
/// its cursor, which has to be earned.
bool are_full_passes_wanted(const mined_streams& mined);

/// The streams of a run that are kept as their sweeps see them: what would have to be read to its end, and whose full pass may
/// begin: in a `full` run all, else those that declare `full_pass_every` and are read whole for it, with their parents.
std::vector<pass_start> plan_passes(const mined_streams& mined, const full_passes& whole, run_kind kind);

/// Whole is in every run
/// - a parent of a stream that does not declare `incremental_dependency`, because something new may be below each of its
///   records, and for the same reason all above it.
/// Whole is in a `full` run everything, and in a scheduled or manual one, with all parents, without whose records it would
/// not be complete,
/// - a stream whose latest complete pass began `full_pass_every` ago or longer, unless one is under way in another run;
/// - a stream with a parent that may be read from its cursor, until a pass was complete, and again when a run since then
///   left unread what was below records that the cursor has passed.
full_passes plan_full_passes(const mined_streams& mined, const std::vector<full_pass_row>& known, run_kind kind, instant now);

} // namespace lode

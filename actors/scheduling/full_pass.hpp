#pragma once

#include <vector>

#include "messages/runs.hpp"
#include "runtime/manifest/plan.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

/// What a run reads from the beginning although its cursors are further on.
struct full_passes {
  std::vector<bool> is_whole;         ///< by index in the plan
  std::vector<full_pass_start> begun; ///< for the streams that declare `full_pass_every`
};

/// Whether a stream that is mined declares `full_pass_every`. `streams`: id by index in the plan, 0 = not mined.
bool are_full_passes_wanted(const source_plan& plan, const std::vector<stream_id>& streams);

/// A `full` run reads all from the beginning; a scheduled and a manual one the streams whose latest complete pass began
/// `full_pass_every` ago or longer, with their parents, without whose records they are not complete; others nothing. A pass
/// that is under way in another run is waited for.
full_passes plan_full_passes(const source_plan& plan, const std::vector<stream_id>& streams,
                             const std::vector<full_pass_row>& known, run_kind kind, instant now);

} // namespace lode

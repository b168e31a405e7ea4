#include "actors/scheduling/full_pass.hpp"

#include <algorithm>
#include <variant>

namespace lode {

namespace {

template <class Visit>
void for_each_parent(const stream_plan& stream, Visit visit) {
  for (const auto& router : stream.routers)
    if (const auto* substream = std::get_if<substream_router>(&router))
      for (const auto& parent : substream->parents)
        visit(parent);
}

/// Whether a run may leave out what did not change: it reads from a cursor, or ends early.
bool may_leave_out(const stream_plan& stream) {
  return stream.incremental || stream.lode.is_newest_first;
}

/// Streams of which a run needs every record, changed or not.
std::vector<bool> needed_whole(const mined_streams& mined) {
  std::vector<bool> needed(mined.plan.streams.size());
  for (auto i = needed.size(); i-- > 0;) // parents come before their children
    if (mined.ids[i])
      for_each_parent(mined.plan.streams[i], [&](const substream_parent& parent) {
        if (needed[i] || !parent.incremental_dependency)
          needed[parent.stream] = true;
      });
  return needed;
}

/// Streams whose partitions are known by records that a run may leave out because they did not change.
std::vector<bool> below_cursors(const mined_streams& mined, const std::vector<bool>& needed) {
  std::vector<bool> below(needed.size());
  for (size_t i = 0; i < below.size(); ++i)
    for_each_parent(mined.plan.streams[i], [&](const substream_parent& parent) {
      auto p = parent.stream;
      auto leaves_out = may_leave_out(mined.plan.streams[p]) && mined.parents_only.count(p) == 0;
      if (!needed[p] && (leaves_out || below[p]))
        below[i] = true;
    });
  return below;
}

/// Marks a stream and, because they come before it in the plan, all its parents.
void mark_with_parents(const source_plan& plan, size_t index, std::vector<bool>& marked) {
  marked[index] = true;
  for_each_parent(plan.streams[index],
                  [&](const substream_parent& parent) { mark_with_parents(plan, parent.stream, marked); });
}

bool is_kept(const mined_streams& mined, size_t index) {
  return mined.ids[index] && mined.parents_only.count(index) == 0;
}

bool is_too_old(const stream_plan& stream, const full_pass_row* row, instant now) {
  if (!stream.lode.full_pass_every)
    return false;
  if (row == nullptr)
    return true;
  return !row->is_open && (!row->completed || now - *row->completed >= *stream.lode.full_pass_every);
}

/// The pass of a stream, with the streams that must be read for it.
full_pass_start pass_of(const mined_streams& mined, size_t index, std::vector<bool>& marked) {
  mark_with_parents(mined.plan, index, marked);
  full_pass_start pass{mined.ids[index], {}};
  for (size_t i = 0; i < marked.size(); ++i)
    if (marked[i] && mined.ids[i])
      pass.needs.push_back(mined.ids[i]);
  return pass;
}

/// Whether a page may show records in another place than the page before thought them in.
bool may_shift(const stream_plan& stream) {
  const auto& paging = stream.paginator.strategy;
  // Miners that are not the manifest's page by tokens, whatever it says.
  const bool is_paged = !std::holds_alternative<no_paging>(paging) || !stream.lode.own_miner().empty();
  return std::holds_alternative<page_number_paging>(paging) || (is_paged && !stream.lode.has_stable_order);
}

/// Whether a record may move from where a pass has not read yet to where it has, and nobody notices. In an order that edits
/// do not change, offsets show at their seams that rows shifted; page numbers are checked here and there only.
bool may_miss_what_moves(const stream_plan& stream) {
  return stream.incremental || may_shift(stream);
}

/// Because a stream says how old its latest full pass may be; by index in the plan.
std::vector<bool> read_whole_as_declared(const mined_streams& mined, const full_passes& whole) {
  std::vector<bool> result(mined.plan.streams.size());
  for (size_t i = 0; i < result.size(); ++i) {
    auto is_of_stream = [&](const full_pass_start& pass) { return pass.stream == mined.ids[i]; };
    if (mined.ids[i] && mined.plan.streams[i].lode.full_pass_every
        && std::any_of(whole.begun.begin(), whole.begun.end(), is_of_stream))
      mark_with_parents(mined.plan, i, result);
  }
  return result;
}

} // namespace

std::vector<pass_start> plan_passes(const mined_streams& mined, const full_passes& whole, run_kind kind) {
  std::vector<pass_start> result;
  if (kind == run_kind::backfill || kind == run_kind::repair)
    return result;
  auto is_declared = read_whole_as_declared(mined, whole);
  for (size_t i = 0; i < is_declared.size(); ++i) {
    if (!is_kept(mined, i))
      continue;
    std::vector<bool> marked(is_declared.size());
    auto needs = pass_of(mined, i, marked).needs;
    pass_start pass{mined.ids[i], std::move(needs), kind == run_kind::full || is_declared[i], false, std::chrono::microseconds{0}};
    // A run that reads from a cursor sees what was edited. It proves nothing of what shifted unedited, or lies below a parent
    // that it leaves out. One that may end early proves nothing of what lies below its end.
    bool agrees = true;
    for (size_t j = 0; j < marked.size(); ++j) {
      if (!marked[j])
        continue;
      const auto& stream = mined.plan.streams[j];
      pass.is_patient = pass.is_patient || may_miss_what_moves(stream);
      if (may_leave_out(stream))
        pass.settles = std::max<std::chrono::microseconds>(pass.settles, stream.lode.settle_time);
      if (may_leave_out(stream) && !whole.is_whole[j])
        agrees = agrees && j == i && stream.incremental && !may_shift(stream);
    }
    if (pass.reads_all || agrees)
      result.push_back(std::move(pass));
  }
  return result;
}

bool are_full_passes_wanted(const mined_streams& mined) {
  auto is_below = below_cursors(mined, needed_whole(mined));
  for (size_t i = 0; i < is_below.size(); ++i)
    if (is_kept(mined, i) && (is_below[i] || mined.plan.streams[i].lode.full_pass_every))
      return true;
  return false;
}

full_passes plan_full_passes(const mined_streams& mined, const std::vector<full_pass_row>& known, run_kind kind, instant now) {
  full_passes result{needed_whole(mined), {}};
  if (kind == run_kind::backfill || kind == run_kind::repair)
    return result;
  auto is_below = below_cursors(mined, result.is_whole);
  auto is_full = kind == run_kind::full;
  for (size_t i = 0; i < is_below.size(); ++i) {
    const auto& stream = mined.plan.streams[i];
    if (!is_kept(mined, i) || !(is_below[i] || stream.lode.full_pass_every))
      continue;
    std::vector<bool> marked(is_below.size());
    auto pass = pass_of(mined, i, marked);
    auto found = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.stream == pass.stream; });
    const auto* row = found == known.end() ? nullptr : &*found;
    auto is_unearned = is_below[i] && !(row && row->is_sound && row->needs == pass.needs);
    if (!is_full && !is_unearned && !is_too_old(stream, row, now))
      continue;
    for (size_t j = 0; j < marked.size(); ++j)
      result.is_whole[j] = result.is_whole[j] || marked[j];
    result.begun.push_back(std::move(pass));
  }
  if (is_full)
    result.is_whole.assign(is_below.size(), true);
  return result;
}

} // namespace lode

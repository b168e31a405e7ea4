#include "actors/scheduling/run_plan.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/extraction/early_end.hpp"
#include "runtime/extraction/slicer.hpp"

namespace lode {

namespace {

/// Whether a backfill of a span reads a stream: without dates it has no span that could be read, but what is read for its children's
/// sake only is read all the same, whole if it must.
bool is_ordered(const backfill_order& order, stream_id id, const stream_plan& stream, bool is_parent_only) {
  return is_parent_only
         || (stream.incremental
             && (order.streams.empty()
                 || std::find(order.streams.begin(), order.streams.end(), id) != order.streams.end()));
}

/// A backfill or a repair says nothing about what a partition is known up to.
bool is_incremental(run_kind kind) {
  return kind != run_kind::backfill && kind != run_kind::repair;
}

/// Whether what a run reads of a stream from its top says where the next one may stop. What is read for the children's sake only is
/// not kept, and sub-streams are read whole.
bool moves_anchor(const connection_context& connection, size_t stream, run_kind kind) {
  return connection.stream(stream).lode.is_newest_first && is_incremental(kind)
         && connection.parents_only.count(stream) == 0;
}

std::optional<slice_anchor> anchor_in(const std::vector<partition_anchor>& anchors, stream_id stream,
                                      const std::string& partition) {
  for (const auto& each : anchors)
    if (each.stream == stream && each.partition == partition)
      return each.anchor;
  return std::nullopt;
}

/// The manifest is named from the start: a slice that is first read under another one must not end by this one's positions.
void add_descent(wire::continuation_state& first, const connection_context& connection, size_t stream,
                 const std::optional<slice_anchor>& known) {
  first.set_manifest_version(std::to_string(connection.plan->hash));
  *first.mutable_newest_first() = begin_descent(connection.edition, known, connection.stream(stream).lode.settle_time);
}

bool is_mined_by(const run_plan_inputs& in, size_t stream) {
  const auto& connection = in.connection;
  const auto id = connection.streams[stream];
  return id
         && (!in.ordered
             || is_ordered(*in.ordered, id, connection.stream(stream), connection.parents_only.count(stream) > 0));
}

/// What the partition is known up to. A stream that is read for its children's sake is read whole: what it holds is not known from
/// earlier runs.
std::optional<instant> known_up_to(const run_plan_inputs& in, size_t stream, const std::string& partition) {
  if (in.connection.parents_only.count(stream) > 0)
    return std::nullopt;
  for (const auto& cursor : in.cursors)
    if (cursor.stream == in.connection.streams[stream] && cursor.partition == partition)
      return cursor.known_up_to;
  return std::nullopt;
}

/// Where reading goes on; absent: it begins.
std::optional<instant> reads_from(const run_plan_inputs& in, size_t stream, const std::optional<instant>& known) {
  if (in.is_whole[stream])
    return std::nullopt;
  if (!in.repairs)
    return known;
  return in.repairs->from == instant{} ? std::nullopt : std::optional{in.repairs->from - live_clock_skew};
}

/// The slices of a partition, as continuations of the run.
caf::error add_partition(run_start& into, const run_plan_inputs& in, size_t stream, const std::string& partition,
                         const continuation_codec& codec) {
  const auto& connection = in.connection;
  const auto id = connection.streams[stream];
  const auto known = known_up_to(in, stream, partition);
  auto slices = plan_slices(connection.stream(stream), {connection.config,
                                                        partition,
                                                        reads_from(in, stream, known),
                                                        in.now,
                                                        {},
                                                        in.ordered ? std::optional{in.ordered->span} : std::nullopt});
  if (!slices)
    return slices.error();
  if (known && is_incremental(in.kind) && !slices->empty() && slices->front().bounds.from > *known)
    into.skips.push_back({id, partition, *known, slices->front().bounds.from});
  for (auto& slice : *slices) {
    if (moves_anchor(connection, stream, in.kind))
      add_descent(slice.first, connection, stream,
                  in.is_whole[stream] ? std::nullopt : anchor_in(in.anchors, id, partition));
    auto state = codec.encode(slice.first);
    if (!state)
      return state.error();
    into.first.push_back({id, partition, slice.bounds, std::move(*state)});
  }
  return {};
}

} // namespace

caf::expected<run_start> plan_run(const run_plan_inputs& in, const continuation_codec& codec) {
  const auto& connection = in.connection;
  run_start result{connection.connection, connection.claim, in.kind, {}, {}, {}, {}, {}, 0, {}};
  for (size_t i = 0; i < connection.streams.size(); ++i) {
    if (!is_mined_by(in, i))
      continue;
    auto partitions = initial_partitions(connection.stream(i), connection.config, in.now);
    if (!partitions)
      return partitions.error();
    for (const auto& partition : *partitions)
      if (auto error = add_partition(result, in, i, partition, codec))
        return error;
  }
  return result;
}

std::vector<stream_id> streams_that_hear_deletes(const connection_context& connection) {
  std::vector<stream_id> result;
  for (size_t side = 0; side < connection.live.size(); ++side) {
    if (!connection.live[side])
      continue;
    for (auto stream : connection.plan->live[side].streams) {
      const auto& lode = connection.stream(stream).lode;
      auto tells = std::any_of(lode.live->rules.begin(), lode.live->rules.end(), [&](const auto& rule) {
        return !rule.delete_when.empty() || (rule.payload != live_payload::full && lode.live->fetch);
      });
      if ((tells || lode.full_pass_every) && connection.streams[stream] && connection.parents_only.count(stream) == 0)
        result.push_back(connection.streams[stream]);
    }
  }
  return result;
}

} // namespace lode

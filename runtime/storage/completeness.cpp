#include "runtime/storage/completeness.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace lode {

namespace {

using slices_of_partition = std::vector<const read_slice*>; // latest run first

/// What a slice says of a span that it covers and that is not known.
owed_interval owed_of(const read_slice* slice) {
  owed_interval out;
  if (slice == nullptr || slice->phase == continuation_phase::closed)
    return out;
  out.run = slice->run;
  if (slice->phase == continuation_phase::open) {
    out.why = owed_reason::run_open;
    out.detail = "run " + to_string(slice->run) + " is open";
    return out;
  }
  out.detail = slice->reason;
  if (slice->phase == continuation_phase::cancelled)
    out.why = owed_reason::cancelled;
  else
    out.why = slice->reason.find(shifting_reason) != std::string::npos ? owed_reason::shifted : owed_reason::failed;
  return out;
}

owed_interval dead_in(const read_slice& slice) {
  owed_interval out;
  out.why = owed_reason::dead_records;
  out.run = slice.run;
  out.detail = std::to_string(slice.dead) + (slice.dead == 1 ? " record" : " records") + " of run " + to_string(slice.run)
               + " could not be used";
  return out;
}

owed_interval dead_of(const died_records& died) {
  owed_interval out;
  out.why = owed_reason::dead_records;
  out.run = died.run;
  out.detail = std::to_string(died.count) + (died.count == 1 ? " dead letter" : " dead letters")
               + (died.run ? " of run " + to_string(died.run) : " of no run");
  return out;
}

/// Dead letters of which no slice that is known tells.
std::vector<died_records> untold_deaths(const stream_reading& reading) {
  std::set<run_id> told;
  for (const auto& slice : reading.slices)
    told.insert(slice.run);
  std::vector<died_records> out;
  for (const auto& died : reading.died)
    if (!told.contains(died.run))
      out.push_back(died);
  return out;
}

/// The first of them that a reader which began then has not seen read again; null: none. Without a time nobody has.
const died_records* left_dead(const std::vector<died_records>& died, std::optional<instant> reader_began) {
  auto found = std::find_if(died.begin(), died.end(), [&](const auto& each) {
    return !reader_began || each.last_seen >= *reader_began;
  });
  return found == died.end() ? nullptr : &*found;
}

/// The intervals of one answer; neighbours that are owed for the same reason are one.
class owed_list {
public:
  explicit owed_list(completeness& into) : into_(into) {}

  void add(owed_interval item, const std::string& partition, std::optional<instant> from, instant to) {
    item.partition = partition;
    item.from = from;
    item.to = to;
    if (!into_.owed.empty()) {
      auto& last = into_.owed.back();
      bool is_same = last.partition == partition && last.why == item.why && last.detail == item.detail && last.run == item.run;
      if (is_same && from && last.to == *from) {
        last.to = to;
        return;
      }
    }
    if (into_.owed.size() == most_owed)
      into_.is_cut = true;
    else
      into_.owed.push_back(std::move(item));
  }

private:
  completeness& into_;
};

std::map<std::string, slices_of_partition> by_partition(const stream_reading& reading) {
  std::map<std::string, slices_of_partition> out;
  for (const auto& slice : reading.slices)
    out[slice.partition].push_back(&slice);
  return out;
}

// -- streams that are read by dates ------------------------------------------------------------------------------------

/// One partition whose slices and closed intervals are spans of time.
class dated_partition {
public:
  dated_partition(std::vector<slice_bounds> closed, const slices_of_partition& slices, const std::vector<died_records>& died)
    : closed_(std::move(closed)), slices_(slices), died_(died) {}

  void judge(const std::string& name, std::optional<instant> from, instant to, owed_list& out) const {
    auto borders = borders_between(from, to);
    for (auto at = borders.begin(); std::next(at) != borders.end(); ++at)
      judge_piece(name, *at, *std::next(at), out);
  }

private:
  /// No slice and no interval begins or ends between two of them.
  std::set<instant> borders_between(std::optional<instant> from, instant to) const {
    std::set<instant> borders;
    for (const auto& span : closed_)
      borders.insert({span.from, span.to});
    for (const auto* slice : slices_)
      borders.insert({slice->slice.from, slice->slice.to});
    auto lower = std::min(to, from.value_or(borders.empty() ? to : *borders.begin()));
    borders.insert({lower, to});
    borders.erase(borders.begin(), borders.find(lower));
    borders.erase(std::next(borders.find(to)), borders.end());
    return borders;
  }

  static bool covers(const slice_bounds& span, instant from, instant to) { return span.from <= from && to <= span.to; }

  void judge_piece(const std::string& name, instant from, instant to, owed_list& out) const {
    auto is_read = std::any_of(closed_.begin(), closed_.end(), [&](const auto& span) { return covers(span, from, to); });
    auto says = [&](bool is_told_by) {
      auto found = std::find_if(slices_.begin(), slices_.end(), [&](const read_slice* slice) {
        return covers(slice->slice, from, to) && (!is_told_by || slice->phase == continuation_phase::closed);
      });
      return found == slices_.end() ? nullptr : *found;
    };
    if (!is_read)
      return out.add(owed_of(says(false)), name, from, to);
    const auto* reader = says(true);
    if (reader != nullptr && reader->dead > 0)
      return out.add(dead_in(*reader), name, from, to);
    if (const auto* died = left_dead(died_, reader == nullptr ? std::nullopt : std::optional{reader->run_began}))
      out.add(dead_of(*died), name, from, to);
  }

  std::vector<slice_bounds> closed_;
  const slices_of_partition& slices_;
  const std::vector<died_records>& died_; ///< where in the stream, nobody knows
};

/// What was read before the stream had dates is no span of it.
void judge_dated(stream_reading reading, std::optional<instant> from, instant to, owed_list& out) {
  std::erase_if(reading.slices, [](const read_slice& slice) { return slice.slice.is_whole(); });
  auto slices = by_partition(reading);
  auto died = untold_deaths(reading);
  std::map<std::string, std::vector<slice_bounds>> closed;
  for (const auto& [name, list] : slices)
    closed[name];
  for (const auto& span : reading.closed)
    closed[span.partition].push_back(span.span);
  for (auto& [name, spans] : closed)
    dated_partition{std::move(spans), slices[name], died}.judge(name, from, to, out);
}

// -- the others --------------------------------------------------------------------------------------------------------

bool is_read_to_its_end(const read_slice& slice) {
  return slice.phase == continuation_phase::closed && slice.reason.empty();
}

/// Whether the slice may belong to a run that proves what the stream is now: backfills and repairs read what they were asked for.
bool may_prove(const read_slice& slice) {
  return slice.is_current && slice.kind != run_kind::backfill && slice.kind != run_kind::repair;
}

/// The latest run that read every slice of the stream to its end; null: none of those that are known.
const read_slice* last_whole_run(const std::vector<read_slice>& slices) {
  for (size_t first = 0, next = 0; first < slices.size(); first = next) {
    bool is_whole = true;
    for (next = first; next < slices.size() && slices[next].run == slices[first].run; ++next)
      is_whole = is_whole && may_prove(slices[next]) && is_read_to_its_end(slices[next])
                 && (slices[next].partition.empty() || slices[next].run_ended == run_phase::finished);
    if (is_whole)
      return &slices[first];
  }
  return nullptr;
}

class undated_stream {
public:
  undated_stream(const stream_reading& reading, std::optional<instant> from, instant to)
    : reading_(reading), from_(from), to_(to), slices_(by_partition(reading)), whole_(last_whole_run(reading.slices)) {}

  std::optional<instant> read_until() const {
    std::optional<instant> until = whole_ == nullptr ? std::nullopt : std::optional{whole_->run_began};
    std::optional<instant> anchored;
    for (const auto& row : reading_.anchors)
      anchored = std::min(anchored.value_or(row.anchor.known_until), row.anchor.known_until);
    return anchored && (!until || *until < *anchored) ? anchored : until;
  }

  void judge(owed_list& out) {
    std::set<std::string> names;
    for (const auto& row : reading_.anchors)
      names.insert(row.partition);
    for (const auto& [name, list] : slices_)
      if (!reading_.anchors.empty() || !is_settled(*list.front()))
        names.insert(name);
    // What is whole is known as a whole, by no name: nobody asks for partitions that have gone.
    if (reading_.anchors.empty())
      names.insert("");
    for (const auto& name : names)
      judge(name, out);
    for (const auto& [name, list] : slices_)
      judge_dead(name, list, out);
    auto died = untold_deaths(reading_);
    if (const auto* left = left_dead(died, whole_ == nullptr ? std::nullopt : std::optional{whole_->run_began}))
      out.add(dead_of(*left), "", from_, to_);
  }

private:
  /// Whether the run that read all came after it, or was it.
  bool is_settled(const read_slice& slice) const {
    return slice.phase == continuation_phase::closed || (whole_ != nullptr && slice.run <= whole_->run);
  }

  std::optional<instant> known_of(const std::string& name) const {
    auto known = whole_ == nullptr ? std::nullopt : std::optional{whole_->run_began};
    for (const auto& row : reading_.anchors)
      if (row.partition == name)
        known = std::max(known.value_or(row.anchor.known_until), row.anchor.known_until);
    return known;
  }

  void judge(const std::string& name, owed_list& out) {
    auto known = known_of(name);
    if (known && *known >= to_)
      return;
    const auto& list = slices_[name];
    auto begins = known && (!from_ || *from_ < *known) ? known : from_;
    out.add(owed_of(list.empty() ? nullptr : list.front()), name, begins, to_);
  }

  /// Since the last run that read all of it; what is read to its end without losing any puts earlier ones right.
  void judge_dead(const std::string& name, const slices_of_partition& list, owed_list& out) const {
    for (const auto* slice : list) {
      if (slice->phase == continuation_phase::closed && slice->dead > 0)
        return out.add(dead_in(*slice), name, from_, std::min(to_, known_of(name).value_or(to_)));
      if (is_read_to_its_end(*slice))
        return;
    }
  }

  const stream_reading& reading_;
  std::optional<instant> from_;
  instant to_;
  std::map<std::string, slices_of_partition> slices_;
  const read_slice* whole_;
};

} // namespace

namespace {

/// The part of a gap that was asked about; none: it lies outside.
std::optional<std::pair<std::optional<instant>, instant>> asked_part(const gap_row& gap, std::optional<instant> from, instant to) {
  if (gap.from >= to || (from && gap.until && *gap.until <= *from))
    return std::nullopt;
  auto begins = std::max(gap.from, from.value_or(instant{}));
  return std::pair{begins == instant{} ? std::nullopt : std::optional{begins}, std::min(gap.until.value_or(to), to)};
}

/// A gap is of all partitions.
void judge_gaps(const stream_reading& reading, std::optional<instant> from, instant to, owed_list& out) {
  for (const auto& gap : reading.gaps) {
    auto part = asked_part(gap, from, to);
    if (!part || (gap.state != gap_state::owed && gap.state != gap_state::repairing))
      continue;
    owed_interval owed;
    owed.why = owed_reason::not_heard;
    owed.run = gap.repair;
    owed.detail = gap.reason + (gap.repair ? ", run " + to_string(gap.repair) + " repairs it" : "");
    out.add(owed, "", part->first, part->second);
  }
}

std::vector<unverified_interval> unverified_gaps(const stream_reading& reading, std::optional<instant> from, instant to) {
  std::vector<unverified_interval> out;
  for (const auto& gap : reading.gaps) {
    auto part = asked_part(gap, from, to);
    if (!part || gap.state != gap_state::unverified || out.size() == most_owed)
      continue;
    // Of what is swept every few minutes one follows the other.
    if (!out.empty() && part->first && out.back().to == *part->first && out.back().detail == gap.reason)
      std::tie(out.back().to, out.back().run) = std::tie(part->second, gap.repair);
    else
      out.push_back({part->first, part->second, gap.repair, gap.reason});
  }
  return out;
}

} // namespace

completeness judge_completeness(const stream_reading& reading, std::optional<instant> from, instant to) {
  completeness out;
  out.is_cut = reading.is_cut;
  owed_list owed{out};
  if (from && *from >= to)
    return out;
  auto is_dated = !reading.closed.empty() || std::any_of(reading.slices.begin(), reading.slices.end(), [](const read_slice& slice) {
    return !slice.slice.is_whole();
  });
  if (is_dated) {
    judge_dated(reading, from, to, owed);
  } else {
    undated_stream stream{reading, from, to};
    out.read_until = stream.read_until();
    stream.judge(owed);
  }
  judge_gaps(reading, from, to, owed);
  out.unverified = unverified_gaps(reading, from, to);
  return out;
}

} // namespace lode

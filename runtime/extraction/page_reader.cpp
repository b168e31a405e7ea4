#include "runtime/extraction/page_reader.hpp"

#include <algorithm>
#include <unordered_map>

#include "messages/type_ids.hpp"
#include "runtime/expression/program.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/child_partitions.hpp"
#include "runtime/extraction/content_hash.hpp"
#include "runtime/extraction/dead_records.hpp"
#include "runtime/extraction/early_end.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/page_protocol.hpp"
#include "runtime/extraction/paginator.hpp"
#include "runtime/extraction/record_key.hpp"
#include "runtime/extraction/record_selector.hpp"
#include "runtime/extraction/slicer.hpp"

namespace lode {

namespace {

/// Hashes of a slice without a key that its continuation remembers; later pages number records by their own place.
constexpr int max_occurrences = 2048;

/// What the key of a record without a key begins with: partitions share no record. Slices do, where they overlap; a record
/// that carries the cursor lies in the same ones whatever the run, any other belongs to the slice that it was read in.
std::string place_of(std::string_view partition, const slice_bounds& slice, bool has_cursor) {
  std::string place;
  if (!partition.empty())
    place = to_text(hash_of(partition, 0)) + "/";
  if (!slice.is_whole() && !has_cursor)
    place += std::to_string(slice.from.time_since_epoch().count()) + "-"
             + std::to_string(slice.to.time_since_epoch().count()) + "/";
  return place;
}

/// Numbers equal records of one slice: the n-th occurrence of a content is a record of its own.
class occurrence_counter {
public:
  explicit occurrence_counter(const page_request& page) : page_(page), state_(page.state) {
    for (auto hash : state_.occurrences())
      ++counts_[hash];
  }

  std::string key_of(const content_hash& hash, bool has_cursor) {
    auto count = ++counts_[hash.low];
    added_.push_back(hash.low);
    if (state_.occurrences_full()) // never the number of a remembered one
      count += (state_.pages() + 1) << 20;
    return place_of(page_.partition, page_.slice, has_cursor) + to_text(hash) + "/" + std::to_string(count);
  }

  void remember(wire::continuation_state& next) const {
    bool has_room =
      !state_.occurrences_full() && state_.occurrences_size() + static_cast<int>(added_.size()) <= max_occurrences;
    next.set_occurrences_full(!has_room);
    if (has_room)
      next.mutable_occurrences()->Add(added_.begin(), added_.end());
    else
      next.clear_occurrences();
  }

private:
  const page_request& page_;
  const wire::continuation_state& state_;
  std::unordered_map<uint64_t, int64_t> counts_;
  std::vector<uint64_t> added_;
};

/// Reads the records of one page; one per call of page_reader::read.
class page_pass {
public:
  page_pass(const page_request& page, record_scratch& scratch, expression::context names)
      : page_(page), stream_(page.source.streams[page.stream]), pages_(stream_), names_(std::move(names)),
        ignored_(stream_.lode.ignore), maker_(stream_, ignored_, page.hash_seed, scratch), occurrences_(page),
        is_marked_(pages_.is_own() || !std::holds_alternative<no_paging>(stream_.paginator.strategy)) {}

  caf::error run(page_content& content) {
    auto body = page_.response.json();
    if (!body.exists())
      return page_.response.why_not_json();
    auto nodes = pages_.records(page_, body);
    if (!nodes)
      return nodes.error();
    content.seen = static_cast<int64_t>(nodes->size());
    facts_.seen = content.seen;
    facts_.is_unkeyed = stream_.primary_key.empty();
    facts_.is_sliced = !page_.slice.is_whole();
    facts_.mark = 1;
    auto children = child_collector::make(page_.source, page_.stream, page_.partition, names_);
    if (!children)
      return children.error();
    children_.emplace(std::move(*children));
    if (auto error = find_cursor_field())
      return error;
    content.records.reserve(nodes->size());
    for (auto node : *nodes)
      read_record(node, content);
    content.children = children_->take();
    return find_next(body, content);
  }

private:
  caf::error find_cursor_field() {
    if (!stream_.incremental)
      return {};
    auto name = text_of(stream_.incremental->cursor_field, names_, "cursor_field");
    if (!name)
      return name.error();
    cursor_field_ = {*name};
    return {};
  }

  /// What cannot be used dies alone: the page goes on.
  void read_record(json_node received, page_content& content) {
    auto shaped = maker_.shape(received, names_);
    bool has_steps = !stream_.lode.steps.empty();
    if (shaped.before_steps.exists() && shaped.what != shaped_record::fate::dropped)
      children_->add(shaped.before_steps); // the API is asked for them with what it sent
    if (shaped.before_steps.exists() && has_steps)
      last_before_steps_ = shaped.before_steps.raw();
    if (shaped.what == shaped_record::fate::kept)
      return keep_record(shaped.record, received, content);
    if (shaped.what == shaped_record::fate::dead)
      bury(received, {}, shaped.shown, std::move(shaped.reason), content);
    else
      note_place("-" + std::to_string(short_hash_of(received.raw())));
    if (shaped.before_steps.exists())
      ++kept_; // steps change what is stored, not how pages follow each other
  }

  void bury(json_node received, std::string key, std::string_view shown, std::string reason, page_content& content) {
    note_place("?" + std::to_string(short_hash_of(received.raw())));
    content.dead.push_back({std::move(key), cut_text(shown, max_dead_payload), std::move(reason)});
  }

  void keep_record(json_node record, json_node received, page_content& content) {
    auto cursor = cursor_of(record);
    if (!is_in_window(cursor))
      return note_place("-" + std::to_string(short_hash_of(received.raw())));
    hashed_record result;
    if (auto problem = maker_.identify(record, result); !problem.empty())
      return bury(received, std::move(result.key), maker_.showable(received, record), std::move(problem), content);
    if (!stream_.lode.ordering_field.empty()) {
      descent_.see(result.order_field);
      content.largest_order = std::max(content.largest_order.value_or(result.order_field), result.order_field);
    }
    if (cursor)
      content.largest_cursor = std::max(content.largest_cursor.value_or(*cursor), *cursor);
    result.hash = maker_.hash(record);
    if (stream_.primary_key.empty()) {
      auto place = to_text(result.hash);
      bool is_seam = is_first_ && place == page_.state.seam_key();
      note_place(place);
      if (is_seam) // the last record of the page before, asked for again: it is stored already
        return;
      result.key = occurrences_.key_of(result.hash, cursor.has_value());
    } else {
      note_place(result.key);
    }
    result.payload = record.raw();
    content.records.push_back(std::move(result));
    ++kept_;
  }

  std::optional<instant> cursor_of(json_node record) {
    return cursor_field_.empty() ? std::nullopt : read_cursor(value_at(record, cursor_field_), *stream_.incremental);
  }

  /// Only streams that the API does not filter by time are filtered here.
  bool is_in_window(const std::optional<instant>& cursor) const {
    if (!stream_.incremental || !(stream_.incremental->is_client_side || stream_.incremental->is_data_feed) || !cursor)
      return true;
    auto bounds = printed_bounds(page_.state, page_.slice);
    return bounds.is_whole() || (bounds.from <= *cursor && *cursor <= bounds.to);
  }

  void note_place(std::string place) {
    if (is_marked_) {
      facts_.mark = short_hash_of(place) + facts_.mark * 0x9E3779B97F4A7C15u;
      if (is_first_)
        facts_.first_key = place;
      facts_.has_seam = facts_.has_seam || place == page_.state.seam_key();
      facts_.last_key = std::move(place);
    }
    is_first_ = false;
  }

  caf::error find_next(json_node body, page_content& content) {
    facts_.kept = kept_;
    if (!stream_.lode.steps.empty())
      facts_.last_record = last_before_steps_;
    else if (!content.records.empty())
      facts_.last_record = content.records.back().payload;
    auto step = pages_.follow(page_, body, facts_, names_);
    if (!step && step.error() != errc::bad_source)
      return step.error();
    // A template that this response breaks: the records are good, only the way on is lost.
    settle(step ? std::move(*step)
                : paging_step{paging_step::kind::failed, page_.state, message_of(step.error()), false},
           content);
    return {};
  }

  void settle(paging_step step, page_content& content) {
    content.reason = std::move(step.reason);
    content.next_state = std::move(step.state);
    auto& next = content.next_state;
    next.set_attempt(0);
    note_first_answer(next);
    bool is_again = step.what == paging_step::kind::again;
    if (step.is_repeat || is_again)
      content.dead.clear(); // they are told of when they are read in earnest
    if (facts_.is_unkeyed && (step.is_repeat || is_again))
      content.records.clear(); // they would be counted a second time
    else if (facts_.is_unkeyed)
      occurrences_.remember(next);
    if (!is_again) {
      next.set_pages(page_.state.pages() + 1);
      next.set_records(page_.state.records() + static_cast<int64_t>(content.records.size()));
    }
    bool is_at_anchor = !is_again && descends_to_anchor(next);
    if (step.what == paging_step::kind::more && is_at_anchor && !next.suspect()) {
      step.what = paging_step::kind::ended;
      content.reason = "ended early: what follows is known from earlier runs";
    }
    switch (step.what) {
      case paging_step::kind::more:
        content.ending = page_ending::more;
        break;
      case paging_step::kind::again:
        content.ending = page_ending::slice_again;
        break;
      case paging_step::kind::failed:
        content.ending = page_ending::failed;
        break;
      case paging_step::kind::ended:
        content.ending = page_ending::slice_ended;
        end_slice(content);
        break;
    }
    stop_at_dead_limit(content);
  }

  bool descends_to_anchor(wire::continuation_state& next) {
    if (!next.has_newest_first())
      return false;
    auto settled = page_.now - stream_.lode.settle_time;
    if (next.settled_until_us() != 0)
      settled = std::min(settled, instant{std::chrono::microseconds{next.settled_until_us()}});
    else // our clock may run ahead of the API's: only what it shows is known
      settled = descent_.is_empty() ? instant{} : std::min(settled, instant{std::chrono::microseconds{descent_.first()}});
    auto& state = *next.mutable_newest_first();
    // Offset paging looks at its seam; tokens show no shift.
    bool is_by_token = pages_.is_own() || std::holds_alternative<cursor_paging>(stream_.paginator.strategy);
    if (is_by_token && is_position(page_.state.page_token()))
      state.set_is_broken(true);
    return descend(state, descent_, facts_.has_seam, settled);
  }

  /// What this slice alone proves: the page that goes too far ends the slice in its own commit, so that no cursor passes
  /// it. All slices of the run together are the supervisor's to judge.
  void stop_at_dead_limit(page_content& content) {
    auto& next = content.next_state;
    next.set_dead(page_.state.dead() + static_cast<int64_t>(content.dead.size()));
    auto limits = stream_.lode.dead_limits;
    if (!page_.slice.is_whole() || !page_.partition.empty())
      limits.share = 1; // of the whole stream it may be a small share
    auto why = why_too_many_dead(limits, {next.records() + next.dead(), next.dead()});
    if (!why || content.dead.empty())
      return;
    content.ending = page_ending::failed;
    content.completed = {};
    content.anchor.reset();
    content.reason = *why + "; the last one: " + content.dead.back().reason;
  }

  /// What is newer than this by the API's own clock may still have been on its way when the slice was begun.
  void note_first_answer(wire::continuation_state& next) {
    const auto* date = find_header(page_.response.headers(), "Date");
    auto served = date && page_.state.pages() == 0 ? read_http_date(*date) : std::nullopt;
    if (served)
      next.set_settled_until_us((*served - stream_.lode.settle_time).time_since_epoch() / std::chrono::microseconds{1});
  }

  void end_slice(page_content& content) {
    auto& next = content.next_state;
    next.clear_occurrences();
    next.clear_seen_tokens();
    next.clear_page_marks();
    if (next.suspect()) {
      content.ending = page_ending::failed;
      content.reason = std::string{shifting_reason} + " while the slice was read " + std::to_string(max_rereads + 1) + " times";
      return;
    }
    content.completed = page_.slice;
    if (next.has_newest_first())
      content.anchor = anchor_of(next.newest_first());
    if (next.settled_until_us() != 0 && !page_.slice.is_whole())
      content.completed.to = std::clamp(instant{std::chrono::microseconds{next.settled_until_us()}},
                                        page_.slice.from, page_.slice.to);
  }

  const page_request& page_;
  const stream_plan& stream_;
  stream_pages pages_;
  expression::context names_;
  ignored_fields ignored_;
  record_maker maker_;
  occurrence_counter occurrences_;
  std::optional<child_collector> children_; ///< made by run()
  page_descent descent_;
  std::string last_before_steps_;
  field_path cursor_field_;
  page_facts facts_;
  bool is_marked_; ///< something asks how this page resembles others
  bool is_first_ = true;
  int64_t kept_ = 0;
};

} // namespace

caf::expected<page_content> page_reader::read(const page_request& page) {
  const auto& stream = page.source.streams[page.stream];
  auto names = names_of(stream, page.config, page.partition, printed_bounds(page.state, page.slice), page.now);
  if (!names)
    return names.error();
  page_content content;
  page_pass pass{page, scratch_, std::move(*names)};
  if (auto error = pass.run(content))
    return error;
  return content;
}

page_content read_ignored_page(const wire::continuation_state& state, const slice_bounds& slice) {
  page_content content;
  content.completed = slice;
  content.next_state = state;
  content.next_state.set_attempt(0);
  content.next_state.set_pages(state.pages() + 1);
  content.next_state.clear_occurrences();
  content.next_state.clear_seen_tokens();
  content.next_state.clear_page_marks();
  return content;
}

wire::continuation_state first_state(const wire::continuation_state& state) {
  wire::continuation_state fresh;
  fresh.set_slice_from_us(state.slice_from_us());
  fresh.set_slice_to_us(state.slice_to_us());
  return fresh;
}

std::optional<wire::continuation_state> begin_again(const wire::continuation_state& state) {
  if (state.rereads() >= max_rereads)
    return std::nullopt;
  auto fresh = first_state(state);
  fresh.set_manifest_version(state.manifest_version());
  fresh.set_rereads(state.rereads() + 1);
  if (state.has_newest_first())
    *fresh.mutable_newest_first() = descend_again(state.newest_first());
  return fresh;
}

} // namespace lode

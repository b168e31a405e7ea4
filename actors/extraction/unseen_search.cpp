#include "actors/extraction/unseen_search.hpp"

#include <algorithm>

#include "runtime/extraction/json_document.hpp"
#include "runtime/extraction/record_key.hpp"
#include "runtime/extraction/record_selector.hpp"
#include "runtime/storage/fact_print.hpp"

namespace lode {

unseen_search::unseen_search(const pass_standing& pass, size_t marks_at_once, const incremental_plan* dates,
                             std::string cursor_field)
  : pass_(pass),
    dates_(dates),
    cursor_field_(std::move(cursor_field)),
    rounds_(1 + pass.marks / static_cast<int64_t>(marks_at_once)) {}

void unseen_search::begin_round(int64_t round) {
  round_ = round;
  marks_.clear();
}

void unseen_search::add(std::span<const uint64_t> marks) {
  for (auto mark : marks) {
    is_blind_ = is_blind_ || mark == unreadable_mark;
    if (mark % static_cast<uint64_t>(rounds_) == static_cast<uint64_t>(round_))
      marks_.push_back(mark);
  }
}

void unseen_search::end_marks() {
  std::sort(marks_.begin(), marks_.end());
}

bool unseen_search::is_of_round(std::string_view key) const {
  return print_of(key, {}, 0).key % static_cast<uint64_t>(rounds_) == static_cast<uint64_t>(round_);
}

bool unseen_search::is_unseen(const live_fact& fact) const {
  auto is_older = fact.order.epoch < pass_.began.epoch
                  || (fact.order.epoch == pass_.began.epoch && fact.order.counter < pass_.began.counter);
  return is_older && !std::binary_search(marks_.begin(), marks_.end(), print_of(fact.key, {}, 0).key) && is_in_window(fact);
}

bool unseen_search::is_in_window(const live_fact& fact) const {
  if (!dates_ || pass_.window.is_whole())
    return true;
  json_document document;
  if (document.parse(fact.payload))
    return false;
  auto cursor = read_cursor(value_at(document.root(), {cursor_field_}), *dates_);
  return cursor && pass_.window.from <= *cursor && *cursor < pass_.window.to;
}

std::optional<std::string> why_held(int64_t unseen, int64_t live, uint32_t percent) {
  if (unseen * 100 <= live * int64_t{percent})
    return std::nullopt;
  return std::to_string(unseen) + " of " + std::to_string(live) + " records were not in the full pass, more than "
         + std::to_string(percent) + " % (mining.delete_brake_percent)";
}

} // namespace lode

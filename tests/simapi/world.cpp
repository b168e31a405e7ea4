#include "tests/simapi/world.hpp"

#include "tests/simapi/random.hpp"
#include "tests/simapi/record_text.hpp"

#include <algorithm>

namespace simapi {
namespace {

constexpr uint64_t number_step = 7;

/// Ids of the model APIs differ in size: short ones, and ones that no double can hold.
uint64_t first_number(const tenant& owner, stream_kind kind) {
  switch (kind) {
    case stream_kind::posts: return 1'000'003;
    case stream_kind::comments: return 20'000'001;
    case stream_kind::contacts: return 51'201;
    default:
      return 5'800'000'000'000'000'001ull + owner.index * 1'000'000'000'000ull
             + static_cast<uint64_t>(kind) * 100'000'000'000ull;
  }
}

bool ordered_by_update(stream_kind kind) {
  return kind == stream_kind::posts || kind == stream_kind::contacts || kind == stream_kind::orders;
}

std::string tenant_name(dialect speaks, uint32_t index) {
  auto digits = std::to_string(index);
  return std::string{name_of(speaks)} + '-' + std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

} // namespace

stream* tenant::find(stream_kind kind) {
  for (auto& one : streams)
    if (one.kind == kind)
      return &one;
  return nullptr;
}

world::world(const settings& from) : settings_(from) {
  for (uint32_t index = 0; index < from.tenants; ++index) {
    auto speaks = from.dialects[index % from.dialects.size()];
    auto& made = tenants_.emplace_back(tenant{index, tenant_name(speaks, index), speaks, 0, {}});
    made.account = 17'841'400'000'000'000ull + mix(from.seed, index, 1) % 1'000'000 * 1'000'000 + index;
    by_name_[made.name] = &made;
    by_account_[made.account] = &made;
    for (auto kind : streams_of(speaks)) {
      auto& target = made.streams.emplace_back(stream{kind, {}, {}, {}});
      auto count = from.count_of(made.name, kind);
      kind == stream_kind::comments ? fill_comments(made, target, count) : fill(made, target, count);
      sort_order(target);
    }
  }
}

void world::fill(tenant& owner, stream& target, uint32_t count) {
  target.records.reserve(count + count / 8);
  auto span = static_cast<uint64_t>(settings_.end_ms - settings_.start_ms);
  for (uint32_t i = 0; i < count; ++i) {
    auto hash = mix(settings_.seed, owner.index, target.kind, i, 2);
    auto created = settings_.start_ms + static_cast<int64_t>(double(span) * (i + unit_interval(hash)) / count);
    // A third of the records were edited once, before the simulation began.
    auto left = static_cast<uint64_t>(settings_.end_ms - created);
    auto updated = hash % 3 == 0 && left > 0 ? created + static_cast<int64_t>(scramble(hash) % left) : created;
    target.records.push_back(
      record{first_number(owner, target.kind) + i * number_step, 0, created, {updated, 0}, 0, false, false, false, 0, {}});
  }
}

void world::fill_comments(tenant& owner, stream& target, uint32_t mean) {
  auto number = first_number(owner, target.kind);
  for (const auto& post : owner.streams.front().records) {
    auto count = mix(settings_.seed, owner.index, post.number, 3) % (2 * mean + 1);
    for (uint64_t i = 0; i < count; ++i, number += number_step) {
      auto created = std::min(post.created_at + static_cast<int64_t>(i + 1) * 61'000, settings_.end_ms);
      target.records.push_back(record{number, post.number, created, {created, 0}, 0, false, false, false, 0, {}});
    }
  }
}

void world::sort_order(stream& in) {
  in.order.resize(in.records.size());
  for (uint32_t i = 0; i < in.order.size(); ++i)
    in.order[i] = i;
  std::ranges::sort(in.order, {}, [&](uint32_t index) { return key_of(in, in.records[index]); });
}

tenant* world::find(const std::string& name) {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

tenant* world::find_account(uint64_t account) {
  auto found = by_account_.find(account);
  return found == by_account_.end() || found->second->speaks != dialect::graph ? nullptr : found->second;
}

record* world::find(stream& in, const std::string& key) {
  return find_number(in, number_in_key(key));
}

record* world::find_number(stream& in, uint64_t number) {
  auto found = std::ranges::lower_bound(in.records, number, {}, &record::number);
  return found != in.records.end() && found->number == number ? &*found : nullptr;
}

order_key world::key_of(const stream& in, const record& of) const {
  if (ordered_by_update(in.kind))
    return {of.current.updated_at, of.number};
  return {static_cast<int64_t>(of.parent), of.number};
}

std::string world::key_text(const tenant& owner, const stream& in, const record& of) const {
  return simapi::key_text(in.kind, owner.account, of.number, of.parent);
}

page_selection world::select(const stream& from, const page_range& range) const {
  auto key = [&](uint32_t index) { return key_of(from, from.records[index]); };
  auto low = static_cast<size_t>(std::ranges::lower_bound(from.order, range.lower, {}, key) - from.order.begin());
  auto high = static_cast<size_t>(std::ranges::upper_bound(from.order, range.upper, {}, key) - from.order.begin());
  page_selection result;
  result.total = high > low ? high - low : 0;
  if (range.has_after && range.descending)
    high = std::min(high, static_cast<size_t>(std::ranges::lower_bound(from.order, range.after, {}, key) - from.order.begin()));
  else if (range.has_after)
    low = std::max(low, static_cast<size_t>(std::ranges::upper_bound(from.order, range.after, {}, key) - from.order.begin()));
  auto left = high > low ? high - low : 0;
  auto skipped = std::min<uint64_t>(range.offset, left);
  result.count = std::min<size_t>(left - skipped, range.limit);
  result.more = left - skipped > result.count;
  result.begin = range.descending ? high - skipped - result.count : low + skipped;
  if (result.count > 0) {
    result.first = key(from.order[result.begin]);
    result.last = key(from.order[result.begin + result.count - 1]);
    if (range.descending)
      std::swap(result.first, result.last);
  }
  return result;
}

std::shared_ptr<page_block>
world::render(const tenant& owner, stream& from, const page_selection& what, bool descending) {
  auto& slot = from.pages[what.begin << 20 | what.count];
  if (slot)
    return slot;
  auto made = std::make_shared<page_block>();
  made->text.reserve(what.count * (settings_.record_bytes + 40));
  made->shown.reserve(what.count);
  for (size_t i = 0; i < what.count; ++i) {
    auto index = from.order[descending ? what.begin + what.count - 1 - i : what.begin + i];
    const auto& shown = from.records[index];
    if (i > 0)
      made->text += ',';
    append_text(made->text, owner, from, shown, shown.current);
    made->shown.emplace_back(index, shown.version_number);
  }
  cached_bytes_ += made->text.size();
  if (cached_bytes_ > size_t{settings_.page_cache_mb} << 20) {
    // Rare and cheap to repair, so everything goes; `slot` dies here too.
    for (auto& each : tenants_)
      for (auto& one : each.streams)
        one.pages.clear();
    cached_bytes_ = 0;
    return made;
  }
  slot = made;
  return made;
}

void world::append_text(std::string& out, const tenant& owner, const stream& in, const record& of, const version& which) const {
  if (which.content & raw_flag) {
    out += raw_texts_[which.content & ~raw_flag];
    return;
  }
  append_record(out, {settings_.seed, owner.index, owner.account, in.kind, of.number, of.parent, of.created_at,
                      which.updated_at, which.content, settings_.record_bytes});
}

} // namespace simapi

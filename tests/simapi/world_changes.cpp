// How the world changes, and what it remembers of what was served.
#include "tests/simapi/world.hpp"

#include <algorithm>

namespace simapi {

void world::forget_pages(stream& in) {
  for (const auto& [key, page] : in.pages)
    cached_bytes_ -= page ? std::min(cached_bytes_, page->text.size()) : 0;
  in.pages.clear();
}

void world::leave_order(stream& in, const record& what) {
  auto key = [&](uint32_t index) { return key_of(in, in.records[index]); };
  auto found = std::ranges::lower_bound(in.order, key_of(in, what), {}, key);
  in.order.erase(found);
}

void world::enter_order(stream& in, const record& what) {
  auto key = [&](uint32_t index) { return key_of(in, in.records[index]); };
  auto place = std::ranges::lower_bound(in.order, key_of(in, what), {}, key);
  in.order.insert(place, static_cast<uint32_t>(&what - in.records.data()));
}

void world::tell(tenant& owner, stream& in, const record& what, change_kind kind, int64_t now) const {
  if (on_change)
    on_change({&owner, &in, static_cast<uint32_t>(&what - in.records.data()), what.version_number, kind, now});
}

history& world::keep_history(record& what) {
  if (!what.past) {
    what.past = std::make_unique<history>();
    what.past->versions.push_back(what.current);
    if (what.first_served)
      what.past->served.push_back(0);
  }
  return *what.past;
}

void world::add_version(stream& in, record& what, version next) {
  keep_history(what).versions.push_back(next);
  what.current = next;
  what.version_number = static_cast<uint32_t>(what.past->versions.size() - 1);
  what.uncertain = false;
  what.touched = ++sequence_;
  forget_pages(in);
}

uint32_t world::keep_raw(const std::string& text) {
  raw_texts_.push_back(text);
  return static_cast<uint32_t>(raw_texts_.size() - 1) | raw_flag;
}

record& world::insert(tenant& owner, stream& in, uint64_t parent, int64_t now, uint64_t number, const std::string* raw) {
  if (number == 0) // a stream that began empty numbers its records away from every other stream's
    number = in.records.empty() ? 900'000'000'000'000'001ull + owner.index : in.records.back().number + 7;
  version first{now, raw ? keep_raw(*raw) : 0};
  auto& made = in.records.emplace_back(record{number, parent, now, first, 0, false, false, false, ++sequence_, {}});
  enter_order(in, made);
  forget_pages(in);
  tell(owner, in, made, change_kind::created, now);
  if (in.kind == stream_kind::comments)
    touch_parent(owner, parent, now);
  return made;
}

void world::edit(tenant& owner, stream& in, record& what, int64_t now, const std::string* raw) {
  leave_order(in, what);
  add_version(in, what, {now, raw ? keep_raw(*raw) : what.version_number + 1});
  enter_order(in, what);
  tell(owner, in, what, change_kind::updated, now);
  if (in.kind == stream_kind::comments)
    touch_parent(owner, what.parent, now);
}

void world::revert(tenant& owner, stream& in, record& what, uint32_t to_version, int64_t now) {
  leave_order(in, what);
  add_version(in, what, version_of(what, to_version));
  enter_order(in, what);
  tell(owner, in, what, change_kind::updated, now);
}

void world::bury(tenant& owner, stream& in, record& what, int64_t now) {
  leave_order(in, what);
  what.deleted = true;
  what.touched = ++sequence_;
  ++deleted_;
  forget_pages(in);
  tell(owner, in, what, change_kind::deleted, now);
}

void world::erase(tenant& owner, stream& in, record& what, int64_t now) {
  bury(owner, in, what, now);
  if (in.kind == stream_kind::comments)
    touch_parent(owner, what.parent, now);
  if (in.kind != stream_kind::posts)
    return;
  auto& comments = *owner.find(stream_kind::comments);
  for (auto& child : comments.records)
    if (child.parent == what.number && !child.deleted)
      bury(owner, comments, child, now);
}

void world::restore(tenant& owner, stream& in, record& what, int64_t now, const std::string* raw) {
  what.deleted = false;
  add_version(in, what, {now, raw ? keep_raw(*raw) : what.version_number + 1});
  enter_order(in, what);
  tell(owner, in, what, change_kind::created, now);
}

bool world::touch_parent(tenant& owner, uint64_t post, int64_t now) {
  auto& posts = *owner.find(stream_kind::posts);
  auto* parent = find_number(posts, post);
  if (!parent || parent->deleted)
    return false;
  leave_order(posts, *parent);
  // Same content, later time: the text differs in updated_time only.
  add_version(posts, *parent, {std::max(now, parent->current.updated_at), parent->current.content});
  enter_order(posts, *parent);
  tell(owner, posts, *parent, change_kind::updated, now);
  ++parents_touched_;
  return true;
}

version world::version_of(const record& of, uint32_t number) const {
  return of.past ? of.past->versions.at(number) : of.current;
}

std::vector<uint32_t> world::served_versions(const record& of) const {
  if (of.past)
    return of.past->served;
  return of.first_served ? std::vector<uint32_t>{0} : std::vector<uint32_t>{};
}

bool world::was_served(const stream& in, uint32_t index, uint32_t version) const {
  const auto& of = in.records[index];
  return of.past ? std::ranges::binary_search(of.past->served, version) : of.first_served;
}

void world::mark_delete_sent(stream& in, uint32_t index, uint32_t version) {
  auto& of = in.records[index];
  auto& sent = keep_history(of).deletes_sent;
  auto place = std::ranges::lower_bound(sent, version);
  if (place != sent.end() && *place == version)
    return;
  sent.insert(place, version);
  of.touched = ++sequence_;
}

void world::mark_served(stream& in, uint32_t index, uint32_t version, bool certain) {
  auto& of = in.records[index];
  if (version == of.version_number)
    of.uncertain = !certain;
  if (was_served(in, index, version))
    return;
  of.touched = ++sequence_;
  if (!of.past) {
    of.first_served = true;
    return;
  }
  auto& served = of.past->served;
  served.insert(std::ranges::lower_bound(served, version), version);
}

} // namespace simapi

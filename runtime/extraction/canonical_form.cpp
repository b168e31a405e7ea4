#include "runtime/extraction/canonical_form.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "runtime/extraction/json_text.hpp"

namespace lode {

namespace {

/// The first eight bytes of a key as a number that compares as the bytes do.
uint64_t prefix_of(std::string_view key) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, key.data(), std::min<size_t>(key.size(), 8));
  return std::endian::native == std::endian::little ? __builtin_bswap64(bytes) : bytes;
}

std::string_view raw_key(const json_document& document, uint32_t index) {
  const auto& place = document.at(index);
  return document.source().substr(place.begin + 1, place.end - place.begin - 2);
}

bool is_element(const std::string& name, size_t position) {
  char digits[20];
  auto end = std::to_chars(digits, digits + sizeof digits, position).ptr;
  return name == std::string_view{digits, static_cast<size_t>(end - digits)};
}

} // namespace

ignored_fields::ignored_fields(const std::vector<field_path>& paths) {
  for (const auto& path : paths) {
    if (path.empty())
      continue;
    if (nodes_.empty())
      nodes_.emplace_back();
    uint32_t at = 0;
    for (const auto& name : path) {
      const auto& children = nodes_[at].children;
      auto found =
        std::find_if(children.begin(), children.end(), [&](auto child) { return nodes_[child].name == name; });
      if (found != children.end()) {
        at = *found;
        continue;
      }
      auto made = static_cast<uint32_t>(nodes_.size());
      nodes_.push_back({name, false, {}});
      nodes_[at].children.push_back(made);
      at = made;
    }
    nodes_[at].is_end = true;
  }
}

std::string_view canonical_writer::write(json_node value, const ignored_fields& ignored) {
  auto room = 3 * value.raw().size() + 16;
  if (room > capacity_) {
    capacity_ = 2 * room;
    buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
  }
  document_ = &value.document();
  ignored_ = &ignored;
  members_.clear();
  auto end = put_value(buffer_.get(), value.index(), ignored.empty() ? states{} : states{0});
  return {buffer_.get(), static_cast<size_t>(end - buffer_.get())};
}

char* canonical_writer::put_value(char* out, uint32_t index, const states& at) {
  const auto& place = document_->at(index);
  if (place.kind == json_kind::map)
    return put_map(out, index, at);
  if (place.kind == json_kind::list)
    return put_list(out, index, at);
  if (place.has_escapes)
    return put_string(out, index);
  auto length = place.end - place.begin;
  std::memcpy(out, document_->source().data() + place.begin, length);
  return out + length;
}

char* canonical_writer::put_string(char* out, uint32_t index) {
  *out++ = '"';
  out = write_canonical_string(out, raw_key(*document_, index));
  *out++ = '"';
  return out;
}

char* canonical_writer::put_map(char* out, uint32_t index, const states& at) {
  auto first = members_.size();
  collect_members(index);
  auto last = members_.size();
  *out++ = '{';
  bool is_first = true;
  for (auto i = first; i < last; ++i) {
    auto key = members_[i].key;
    if (i + 1 < last && members_[i + 1].prefix == members_[i].prefix && compare_keys(key, members_[i + 1].key) == 0)
      continue;
    states inside;
    if (!at.empty() && !enter_member(key, at, inside))
      continue;
    if (!is_first)
      *out++ = ',';
    is_first = false;
    out = put_value(out, key, {});
    *out++ = ':';
    out = put_value(out, key + 1, inside);
  }
  members_.resize(first);
  *out++ = '}';
  return out;
}

char* canonical_writer::put_list(char* out, uint32_t index, const states& at) {
  *out++ = '[';
  bool is_first = true;
  auto end = document_->at(index).next;
  size_t position = 0;
  for (auto child = index + 1; child < end; child = document_->at(child).next, ++position) {
    states inside;
    if (!at.empty() && !enter([&](const std::string& name) { return is_element(name, position); }, at, inside))
      continue;
    if (!is_first)
      *out++ = ',';
    is_first = false;
    out = put_value(out, child, inside);
  }
  *out++ = ']';
  return out;
}

void canonical_writer::collect_members(uint32_t index) {
  auto first = members_.size();
  auto end = document_->at(index).next;
  bool is_sorted = true;
  for (auto key = index + 1; key < end; key = document_->at(key + 1).next) {
    member next{document_->at(key).has_escapes ? prefix_of(decode_json_string(raw_key(*document_, key)))
                                               : prefix_of(raw_key(*document_, key)),
                key};
    is_sorted = is_sorted && (members_.size() == first || is_before(members_.back(), next));
    members_.push_back(next);
  }
  if (is_sorted)
    return;
  std::sort(members_.begin() + static_cast<std::ptrdiff_t>(first), members_.end(),
            [this](const member& left, const member& right) { return is_before(left, right); });
}

bool canonical_writer::is_before(const member& left, const member& right) const {
  if (left.prefix != right.prefix)
    return left.prefix < right.prefix;
  auto order = compare_keys(left.key, right.key);
  return order != 0 ? order < 0 : left.key < right.key;
}

int canonical_writer::compare_keys(uint32_t left, uint32_t right) const {
  auto a = raw_key(*document_, left);
  auto b = raw_key(*document_, right);
  if (!document_->at(left).has_escapes && !document_->at(right).has_escapes)
    return a.compare(b);
  return decode_json_string(a).compare(decode_json_string(b));
}

bool canonical_writer::enter_member(uint32_t key, const states& at, states& inside) const {
  auto text = json_node{document_, key}.text();
  return enter([&](const std::string& name) { return name == text; }, at, inside);
}

template <class Matches>
bool canonical_writer::enter(Matches matches, const states& at, states& inside) const {
  for (auto state : at)
    for (auto child : ignored_->at(state).children) {
      const auto& node = ignored_->at(child);
      if (node.name != "*" && !matches(node.name))
        continue;
      if (node.is_end)
        return false;
      inside.push_back(child);
    }
  return true;
}

caf::error canonical_form(std::string_view text, const ignored_fields& ignored, std::string& out) {
  json_document document;
  if (auto error = document.parse(text))
    return error;
  canonical_writer writer;
  out = writer.write(document.root(), ignored);
  return {};
}

} // namespace lode

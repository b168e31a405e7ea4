#include "tests/audit/canonical.hpp"

#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <xxhash.h>

#include <algorithm>

namespace audit {

namespace {

constexpr size_t deepest = 1024;
constexpr char digits[] = "0123456789abcdef";

int hex_value(std::string_view four) {
  int value = 0;
  for (unsigned char c : four) {
    int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    if (digit < 0)
      return -1;
    value = value * 16 + digit;
  }
  return four.size() == 4 ? value : -1;
}

/// The code unit of an escape \uXXXX at `at`; -1: there is none.
int unit_at(std::string_view text, size_t at) {
  return at < text.size() && text.substr(at, 2) == "\\u" ? hex_value(text.substr(at + 2, 4)) : -1;
}

/// RapidJSON refuses lone surrogates, which JSON allows: they become their three bytes, which it passes through.
std::string without_lone_surrogates(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      result += text[i++];
      continue;
    }
    int unit = unit_at(text, i);
    int next = unit_at(text, i + 6);
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
      result += text.substr(i, 12);
      i += 12;
    } else if (unit >= 0xd800 && unit < 0xe000) {
      result += {'\xed', static_cast<char>(0x80 | (unit >> 6 & 0x3f)), static_cast<char>(0x80 | (unit & 0x3f))};
      i += 6;
    } else {
      result += text.substr(i, 2); // any other escape; the second character may be a backslash
      i += 2;
    }
  }
  return result;
}

} // namespace

content_hash hash_of(std::string_view canonical, uint64_t seed) {
  auto hash = XXH3_128bits_withSeed(canonical.data(), canonical.size(), seed);
  if (hash.high64 == 0 && hash.low64 == 0)
    return {0, 1}; // zero is taken: it means a deleted record
  return {hash.high64, hash.low64};
}

field_path parse_path(std::string_view text) {
  field_path path;
  for (size_t at = 0; at <= text.size();) {
    auto dot = std::min(text.find('.', at), text.size());
    path.emplace_back(text.substr(at, dot - at));
    at = dot + 1;
  }
  return path;
}

bool canonical_maker::make(std::string_view text, const ignored_paths& ignored) {
  ignored_ = &ignored;
  error_.clear();
  return parse(text) || (error_.find("surrogate") != std::string::npos && parse(without_lone_surrogates(text)));
}

bool canonical_maker::parse(std::string_view text) {
  out_.clear();
  keys_.clear();
  frames_.clear();
  members_.clear();
  rapidjson::MemoryStream stream{text.data(), text.size()};
  rapidjson::Reader reader;
  auto outcome = reader.Parse<rapidjson::kParseNumbersAsStringsFlag>(stream, *this);
  if (outcome.IsError())
    error_ = std::string{GetParseError_En(outcome.Code())} + " at byte " + std::to_string(outcome.Offset());
  return !outcome.IsError();
}

bool canonical_maker::names(const std::string& element, const frame& level, const member* current) const {
  if (element == "*")
    return true;
  return level.is_object ? key_of(*current) == element : std::to_string(level.elements - 1) == element;
}

/// Whether the value that just ended stands at an ignored path.
bool canonical_maker::is_ignored() const {
  for (const auto& path : *ignored_) {
    if (path.size() != frames_.size())
      continue;
    bool matches = true;
    for (size_t i = 0; i < path.size() && matches; ++i) {
      auto last = i + 1 < frames_.size() ? frames_[i + 1].first_member : members_.size();
      matches = names(path[i], frames_[i], last > frames_[i].first_member ? &members_[last - 1] : nullptr);
    }
    if (matches)
      return true;
  }
  return false;
}

void canonical_maker::begin_value() {
  if (frames_.empty() || frames_.back().is_object)
    return;
  auto& list = frames_.back();
  ++list.elements;
  list.value = out_.size();
  if (list.kept > 0)
    out_ += ',';
}

void canonical_maker::end_value() {
  if (frames_.empty())
    return;
  auto& top = frames_.back();
  bool ignored = !ignored_->empty() && is_ignored();
  if (top.is_object) {
    members_.back().end = out_.size();
    members_.back().ignored = ignored;
    top.in_order = top.in_order && !ignored;
  } else if (ignored) {
    out_.resize(top.value);
  } else {
    ++top.kept;
  }
}

bool canonical_maker::scalar(std::string_view text) {
  begin_value();
  out_ += text;
  end_value();
  return true;
}

bool canonical_maker::String(const char* text, rapidjson::SizeType size, bool) {
  begin_value();
  write_string({text, size});
  end_value();
  return true;
}

bool canonical_maker::open(char bracket) {
  if (frames_.size() == deepest)
    return false;
  begin_value();
  frames_.push_back({bracket == '{', out_.size(), members_.size()});
  out_ += bracket;
  return true;
}

bool canonical_maker::Key(const char* text, rapidjson::SizeType size, bool) {
  auto& top = frames_.back();
  std::string_view key{text, size};
  if (members_.size() > top.first_member) {
    top.in_order = top.in_order && key_of(members_.back()) < key;
    out_ += ',';
  }
  members_.push_back({keys_.size(), key.size(), out_.size(), 0, false});
  keys_ += key;
  write_string(key);
  out_ += ':';
  return true;
}

bool canonical_maker::EndObject(rapidjson::SizeType) {
  auto ended = frames_.back();
  if (!ended.in_order)
    sort_members(ended);
  out_ += '}';
  if (members_.size() > ended.first_member)
    keys_.resize(members_[ended.first_member].key);
  members_.resize(ended.first_member);
  frames_.pop_back();
  end_value();
  return true;
}

bool canonical_maker::EndArray(rapidjson::SizeType) {
  frames_.pop_back();
  out_ += ']';
  end_value();
  return true;
}

/// Writes the members of an object anew: sorted, without ignored ones, the last of equal keys.
void canonical_maker::sort_members(const frame& of) {
  order_.clear();
  for (auto i = of.first_member; i < members_.size(); ++i)
    order_.push_back(static_cast<uint32_t>(i));
  std::stable_sort(order_.begin(), order_.end(),
                   [this](uint32_t a, uint32_t b) { return key_of(members_[a]) < key_of(members_[b]); });
  scratch_.assign(1, '{');
  for (size_t i = 0; i < order_.size(); ++i) {
    const auto& each = members_[order_[i]];
    bool is_last_of_key = i + 1 == order_.size() || key_of(members_[order_[i + 1]]) != key_of(each);
    if (each.ignored || !is_last_of_key)
      continue;
    if (scratch_.size() > 1)
      scratch_ += ',';
    scratch_.append(out_, each.begin, each.end - each.begin);
  }
  out_.resize(of.begin);
  out_ += scratch_;
}

void canonical_maker::write_string(std::string_view text) {
  out_ += '"';
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    bool is_surrogate = c == 0xed && i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0xa0;
    if (c >= 0x20 && c != '"' && c != '\\' && !is_surrogate)
      continue;
    out_.append(text, plain, i - plain);
    if (is_surrogate) {
      unsigned unit = 0xd000u | (static_cast<unsigned char>(text[i + 1]) & 0x3fu) << 6
                      | (static_cast<unsigned char>(text[i + 2]) & 0x3fu);
      out_ += {'\\', 'u', 'd', digits[unit >> 8 & 15], digits[unit >> 4 & 15], digits[unit & 15]};
      i += 2;
    } else if (c < 0x20) {
      out_ += {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    } else {
      out_ += {'\\', static_cast<char>(c)};
    }
    plain = i + 1;
  }
  out_.append(text, plain);
  out_ += '"';
}

} // namespace audit

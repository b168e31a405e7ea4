#include "runtime/storage/text_check.hpp"

#include <algorithm>
#include <cstdint>

namespace lode {

namespace {

/// Length of the sequence at `text[0]`, 0 when it is not storable.
size_t sequence_length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const auto first = byte(0);
  if (first < 0x80)
    return first == 0 ? 0 : 1;
  if (first >= 0xC2 && first <= 0xDF)
    return continues(1) ? 2 : 0;
  if ((first & 0xF0) == 0xE0) {
    if (!continues(1) || !continues(2))
      return 0;
    const bool is_overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool is_surrogate = first == 0xED && byte(1) >= 0xA0;
    return is_overlong || is_surrogate ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3))
      return 0;
    const bool is_overlong = first == 0xF0 && byte(1) < 0x90;
    const bool is_too_high = first == 0xF4 && byte(1) >= 0x90;
    return is_overlong || is_too_high ? 0 : 4;
  }
  return 0;
}

} // namespace

bool is_storable_text(std::string_view text) {
  while (!text.empty()) {
    auto length = sequence_length(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string storable_text(std::string_view text, size_t limit) {
  std::string out;
  out.reserve(std::min(text.size(), limit));
  while (!text.empty()) {
    auto length = sequence_length(text);
    auto taken = std::max<size_t>(length, 1);
    if (out.size() + taken > limit)
      break;
    if (length == 0)
      out.push_back('?');
    else
      out.append(text.substr(0, length));
    text.remove_prefix(taken);
  }
  return out;
}

std::string storable_reason(std::string_view reason) {
  constexpr size_t limit = 65'536;
  return storable_text(reason, limit);
}

} // namespace lode

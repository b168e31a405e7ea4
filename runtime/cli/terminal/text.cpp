#include "runtime/cli/terminal/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace lode {

namespace {

struct letter {
  char32_t code = 0; ///< 0: no UTF-8
  size_t bytes = 1;
};

struct range {
  char32_t first;
  char32_t last;
};

constexpr std::array wide{range{0x1100, 0x115f}, range{0x2e80, 0x303e}, range{0x3041, 0x33ff}, range{0x3400, 0x4dbf}, range{0x4e00, 0x9fff},
                          range{0xa000, 0xa4cf}, range{0xac00, 0xd7a3}, range{0xf900, 0xfaff}, range{0xfe30, 0xfe6f}, range{0xff00, 0xff60},
                          range{0xffe0, 0xffe6}, range{0x1f300, 0x1f64f}, range{0x1f680, 0x1f6ff}, range{0x1f900, 0x1f9ff},
                          range{0x20000, 0x3fffd}};
constexpr std::array without_width{range{0x300, 0x36f}, range{0x483, 0x489}, range{0x591, 0x5bd}, range{0x610, 0x61a}, range{0x64b, 0x65f},
                                   range{0x1ab0, 0x1aff}, range{0x20d0, 0x20ff}, range{0xfe00, 0xfe0f}, range{0xfe20, 0xfe2f}};
/// C0, DEL and C1; marks of direction and of joining; the byte order mark; tags.
constexpr std::array driving{range{0x0, 0x1f}, range{0x7f, 0x9f}, range{0x61c, 0x61c}, range{0x200b, 0x200f}, range{0x2028, 0x202e},
                             range{0x2060, 0x206f}, range{0xfeff, 0xfeff}, range{0xd800, 0xdfff}, range{0xe0000, 0xe007f}};

template <size_t N>
bool is_in(const std::array<range, N>& ranges, char32_t code) {
  return std::ranges::any_of(ranges, [code](const range& r) { return code >= r.first && code <= r.last; });
}

/// The letter at the beginning of a text that is not empty; overlong forms are none.
letter first_of(std::string_view text) {
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80)
    return {lead, 1};
  size_t bytes = lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc0 && lead < 0xe0 ? 2 : 0;
  if (bytes == 0 || bytes > text.size())
    return {};
  char32_t code = lead & (0x7f >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    auto next = static_cast<uint8_t>(text[i]);
    if ((next & 0xc0) != 0x80)
      return {};
    code = (code << 6) | (next & 0x3f);
  }
  return code < least[bytes] || code > 0x10ffff ? letter{} : letter{code, bytes};
}

size_t columns_of(char32_t code) {
  return is_in(without_width, code) ? 0 : is_in(wide, code) ? 2 : 1;
}

std::string without_driving(std::string_view text, std::string_view kept) {
  std::string out;
  while (!text.empty()) {
    auto [code, bytes] = first_of(text);
    auto piece = text.substr(0, bytes);
    if (kept.find(piece) != kept.npos)
      out += piece;
    else if (piece == "\n" || piece == "\r" || piece == "\t")
      out += ' ';
    else if (code == 0 || is_in(driving, code))
      out += '?';
    else
      out += piece;
    text.remove_prefix(bytes);
  }
  return out;
}

} // namespace

std::string printable(std::string_view text) {
  return without_driving(text, {});
}

std::string printable_lines(std::string_view text) {
  return without_driving(text, "\n");
}

size_t columns_of(std::string_view text) {
  size_t out = 0;
  while (!text.empty()) {
    auto [code, bytes] = first_of(text);
    out += columns_of(code);
    text.remove_prefix(bytes);
  }
  return out;
}

std::string cut(std::string_view text, size_t columns) {
  size_t end = 0;
  for (size_t used = 0; end < text.size();) {
    auto [code, bytes] = first_of(text.substr(end));
    used += columns_of(code);
    if (used > columns)
      break;
    end += bytes;
  }
  return std::string{text.substr(0, end)};
}

namespace {

std::string shortened(std::string_view text, size_t columns) {
  return columns == 0 || lode::columns_of(text) <= columns ? cut(text, columns) : cut(text, columns - 1) + cut_mark;
}

} // namespace

std::string padded(std::string_view text, size_t columns) {
  auto out = shortened(text, columns);
  out.append(columns - columns_of(out), ' ');
  return out;
}

std::string padded_left(std::string_view text, size_t columns) {
  auto out = shortened(text, columns);
  return std::string(columns - columns_of(out), ' ') + out;
}

std::string as_ascii(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto [code, bytes] = first_of(text);
    if (bytes == 1 && code != 0)
      out += static_cast<char>(code);
    else if (text.substr(0, bytes) == cut_mark)
      out += '>';
    else
      out.append(columns_of(code), '?');
    text.remove_prefix(bytes);
  }
  return out;
}

} // namespace lode

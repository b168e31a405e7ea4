#include "runtime/expression/utf8.hpp"

#include <locale.h>
#include <wctype.h>

namespace lode::expression {

namespace {

// Reads one code point at `at` and moves on; a broken byte yields its escape.
char32_t take(std::string_view text, size_t& at) {
  auto byte = [&](size_t offset) { return static_cast<unsigned char>(text[at + offset]); };
  auto lead = byte(0);
  size_t extra = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : lead >= 0xf0 && lead < 0xf5 ? 3 : 4;
  if (extra == 0)
    return static_cast<unsigned char>(text[at++]);
  auto broken = [&] { return char32_t{0xdc00} + static_cast<unsigned char>(text[at++]); };
  if (extra == 4 || at + extra >= text.size())
    return broken();
  char32_t point = lead & (0x3fu >> extra);
  for (size_t i = 1; i <= extra; ++i) {
    if ((byte(i) & 0xc0) != 0x80)
      return broken();
    point = (point << 6) | (byte(i) & 0x3f);
  }
  constexpr char32_t smallest[] = {0, 0x80, 0x800, 0x10000};
  if (point < smallest[extra] || point > 0x10ffff)
    return broken();
  at += extra + 1;
  return point;
}

locale_t unicode_locale() {
  static const locale_t shared = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return shared;
}

template <class Mapping>
std::string map_points(std::string_view text, Mapping mapping) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();)
    append_utf8(out, mapping(take(text, at)));
  return out;
}

} // namespace

void append_utf8(std::string& out, char32_t point) {
  auto put = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point >= 0xdc80 && point <= 0xdcff) {
    put(point - 0xdc00);
  } else if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | (point >> 6));
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3f));
    put(0x80 | ((point >> 6) & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

std::u32string to_code_points(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  for (size_t at = 0; at < text.size();)
    points.push_back(take(text, at));
  return points;
}

std::string to_utf8(std::u32string_view points) {
  std::string out;
  out.reserve(points.size());
  for (auto point : points)
    append_utf8(out, point);
  return out;
}

size_t length(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count)
    take(text, at);
  return count;
}

std::string to_lower(std::string_view text) {
  return map_points(text, [](char32_t point) {
    return static_cast<char32_t>(towlower_l(static_cast<wint_t>(point), unicode_locale()));
  });
}

std::string to_upper(std::string_view text) {
  return map_points(text, [](char32_t point) {
    return static_cast<char32_t>(towupper_l(static_cast<wint_t>(point), unicode_locale()));
  });
}

} // namespace lode::expression

#include "runtime/extraction/json_text.hpp"

#include <cstdint>
#include <cstring>

namespace lode {

namespace {

constexpr bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

constexpr int hex_value(char letter) {
  if (is_digit(letter))
    return letter - '0';
  if (letter >= 'a' && letter <= 'f')
    return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F')
    return letter - 'A' + 10;
  return -1;
}

constexpr bool is_surrogate(uint32_t point) {
  return point >= 0xD800 && point <= 0xDFFF;
}

uint32_t read_hex(std::string_view text, size_t at) {
  uint32_t unit = 0;
  for (size_t i = at; i < at + 4; ++i)
    unit = unit << 4 | static_cast<uint32_t>(hex_value(text[i]));
  return unit;
}

/// The code point of the escape whose backslash stands at `at`; moves `at` behind it. Two escapes that make a
/// surrogate pair are one code point.
uint32_t read_escape(std::string_view raw, size_t& at) {
  auto letter = raw[at + 1];
  if (letter != 'u') {
    at += 2;
    switch (letter) {
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      default:
        return static_cast<uint32_t>(letter);
    }
  }
  auto unit = read_hex(raw, at + 2);
  at += 6;
  bool leads = unit >= 0xD800 && unit <= 0xDBFF;
  if (leads && at + 6 <= raw.size() && raw[at] == '\\' && raw[at + 1] == 'u') {
    auto second = read_hex(raw, at + 2);
    if (second >= 0xDC00 && second <= 0xDFFF) {
      at += 6;
      return 0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00);
    }
  }
  return unit;
}

char* write_bytes(char* out, uint32_t point) {
  auto put = [&out](uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
  return out;
}

char* write_unit_escape(char* out, uint32_t unit) {
  constexpr char digits[] = "0123456789abcdef";
  *out++ = '\\';
  *out++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4)
    *out++ = digits[unit >> shift & 15];
  return out;
}

char* write_canonical_point(char* out, uint32_t point) {
  if (point == '"' || point == '\\') {
    *out++ = '\\';
    *out++ = static_cast<char>(point);
    return out;
  }
  return point < 0x20 || is_surrogate(point) ? write_unit_escape(out, point) : write_bytes(out, point);
}

} // namespace

bool is_json_number(std::string_view text) {
  size_t at = 0;
  auto digits = [&] {
    auto from = at;
    while (at < text.size() && is_digit(text[at]))
      ++at;
    return at > from;
  };
  auto skip = [&](char letter) {
    bool is_there = at < text.size() && text[at] == letter;
    at += is_there;
    return is_there;
  };
  skip('-');
  if (!skip('0') && !digits())
    return false;
  if (skip('.') && !digits())
    return false;
  if (skip('e') || skip('E')) {
    if (!skip('+'))
      skip('-');
    if (!digits())
      return false;
  }
  return at == text.size();
}

bool has_valid_escapes(std::string_view raw) {
  for (auto at = raw.find('\\'); at != std::string_view::npos; at = raw.find('\\', at)) {
    if (at + 1 == raw.size() || !std::strchr("\"\\/bfnrtu", raw[at + 1]) || raw[at + 1] == '\0')
      return false;
    if (raw[at + 1] != 'u') {
      at += 2;
      continue;
    }
    if (at + 6 > raw.size())
      return false;
    for (size_t i = at + 2; i < at + 6; ++i)
      if (hex_value(raw[i]) < 0)
        return false;
    at += 6;
  }
  return true;
}

std::string decode_json_string(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  for (size_t at = 0; at < raw.size();) {
    if (raw[at] != '\\') {
      text += raw[at++];
      continue;
    }
    char bytes[4];
    auto end = write_bytes(bytes, read_escape(raw, at));
    text.append(bytes, end);
  }
  return text;
}

char* write_canonical_string(char* out, std::string_view raw) {
  for (size_t at = 0; at < raw.size();) {
    auto found = static_cast<const char*>(std::memchr(raw.data() + at, '\\', raw.size() - at));
    auto plain = found ? static_cast<size_t>(found - raw.data()) - at : raw.size() - at;
    std::memcpy(out, raw.data() + at, plain);
    out += plain;
    at += plain;
    if (found)
      out = write_canonical_point(out, read_escape(raw, at));
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (size_t at = 0; at < text.size(); ++at) {
    auto byte = static_cast<unsigned char>(text[at]);
    bool is_wtf_surrogate = byte == 0xED && at + 2 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0;
    if (byte >= 0x20 && byte != '"' && byte != '\\' && !is_wtf_surrogate) {
      out += text[at];
      continue;
    }
    uint32_t point = byte;
    if (is_wtf_surrogate) {
      point = 0xD000 | (static_cast<unsigned char>(text[at + 1]) & 0x3F) << 6
              | (static_cast<unsigned char>(text[at + 2]) & 0x3F);
      at += 2;
    }
    char bytes[8];
    out.append(bytes, write_canonical_point(bytes, point));
  }
  out += '"';
}

} // namespace lode

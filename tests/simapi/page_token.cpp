#include "tests/simapi/page_token.hpp"

#include "tests/simapi/random.hpp"

#include <array>
#include <cstring>

namespace simapi {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr auto values = [] {
  std::array<int8_t, 256> table{};
  table.fill(-1);
  for (size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<int8_t>(i);
  return table;
}();

/// The bytes of a token; a multiple of three, so that base64 needs no padding.
struct [[gnu::packed]] packed {
  int64_t major, issued_at, lower, upper;
  uint64_t minor;
  uint32_t pages, results;
  uint32_t check[3];
};
static_assert(sizeof(packed) % 3 == 0 && sizeof(packed) == 60);

void seal(packed& token, uint64_t scope) {
  auto hash = mix(scope, token.major, token.issued_at, token.lower, token.upper, token.minor, token.pages, token.results);
  token.check[0] = static_cast<uint32_t>(hash);
  token.check[1] = static_cast<uint32_t>(hash >> 32);
  token.check[2] = 0;
}

} // namespace

std::string encode(const page_token& token, uint64_t scope) {
  packed bytes{token.after.major, token.issued_at, token.lower, token.upper, token.after.minor, token.pages, token.results, {}};
  seal(bytes, scope);
  unsigned char raw[sizeof bytes];
  std::memcpy(raw, &bytes, sizeof bytes);
  std::string text(sizeof raw / 3 * 4, '\0');
  for (size_t in = 0, out = 0; in < sizeof raw; in += 3, out += 4) {
    uint32_t group = uint32_t{raw[in]} << 16 | uint32_t{raw[in + 1]} << 8 | raw[in + 2];
    for (size_t i = 0; i < 4; ++i)
      text[out + i] = alphabet[group >> (18 - 6 * i) & 63];
  }
  return text;
}

std::optional<page_token> decode(std::string_view text, uint64_t scope) {
  unsigned char raw[sizeof(packed)];
  if (text.size() != sizeof raw / 3 * 4)
    return {};
  for (size_t in = 0, out = 0; in < text.size(); in += 4, out += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 4; ++i) {
      auto value = values[static_cast<unsigned char>(text[in + i])];
      if (value < 0)
        return {};
      group = group << 6 | static_cast<uint32_t>(value);
    }
    raw[out] = static_cast<unsigned char>(group >> 16);
    raw[out + 1] = static_cast<unsigned char>(group >> 8);
    raw[out + 2] = static_cast<unsigned char>(group);
  }
  packed bytes;
  std::memcpy(&bytes, raw, sizeof bytes);
  auto expected = bytes;
  seal(expected, scope);
  if (std::memcmp(&bytes, &expected, sizeof bytes) != 0)
    return {};
  return page_token{{bytes.major, bytes.minor}, bytes.pages, bytes.results, bytes.issued_at, bytes.lower, bytes.upper};
}

} // namespace simapi

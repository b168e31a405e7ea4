#include "runtime/security/secret_mask.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "runtime/base64.hpp"
#include "runtime/security/redact.hpp"

namespace lode {

namespace {

constexpr std::string_view mask = "***";
/// Shorter ones are masked where they stand alone: else "1" would take every digit away.
constexpr size_t shortest_anywhere = 4;
constexpr size_t shortest_in_base64 = 6;

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<unsigned> hex_number(std::string_view digits) {
  unsigned out = 0;
  for (char c : digits) {
    if (hex_digit(c) < 0)
      return std::nullopt;
    out = out * 16 + static_cast<unsigned>(hex_digit(c));
  }
  return out;
}

/// How many bytes at the beginning of `text` may stand for `c`; 0: they do not.
size_t written_as(char c, std::string_view text) {
  const auto byte = static_cast<unsigned char>(c);
  if (text[0] == '%' && text.size() >= 3 && hex_number(text.substr(1, 2)) == byte)
    return 3;
  if (text[0] == '\\' && text.size() >= 6 && text[1] == 'u' && hex_number(text.substr(2, 4)) == byte)
    return 6;
  if (text[0] == '\\' && text.size() >= 2) {
    constexpr std::string_view letters = "nrtbf\"\\/", meant = "\n\r\t\b\f\"\\/";
    if (auto i = letters.find(text[1]); i != std::string_view::npos && meant[i] == c)
      return 2;
  }
  return text[0] == c || (c == ' ' && text[0] == '+') ? 1 : 0;
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

bool stands_alone(std::string_view text, size_t at, size_t size) {
  return (at == 0 || !is_word(text[at - 1])) && (at + size >= text.size() || !is_word(text[at + size]));
}

/// Its Base64 amid other bytes, where up to two stand before it: only what depends on nothing else.
void add_base64(std::vector<std::string>& out, const std::string& secret) {
  for (size_t before = 0; before < 3; ++before) {
    auto text = base64_encode(std::string(before, 'x') + secret);
    const auto first = (before * 8 + 5) / 6;
    const auto bits = (before + secret.size()) * 8;
    out.push_back(text.substr(first, bits / 6 - first));
  }
}

} // namespace

secret_mask::secret_mask(const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    if (secret.empty())
      continue;
    secrets_.push_back(secret);
    if (secret.size() >= shortest_in_base64)
      add_base64(secrets_, secret);
  }
  std::sort(secrets_.begin(), secrets_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

/// Of the longest secret that stands at `at`. Where the text goes on behind its end, one that is only begun there counts too.
size_t secret_mask::match(std::string_view text, size_t at, bool goes_on) const {
  for (const auto& secret : secrets_) {
    auto p = at;
    size_t i = 0;
    while (i < secret.size() && p < text.size()) {
      const auto width = written_as(secret[i], text.substr(p));
      if (width == 0)
        break;
      p += width;
      ++i;
    }
    const bool is_whole = i == secret.size();
    const bool is_cut = goes_on && i > 0 && text.size() - p < 6 && (p == text.size() || text[p] == '%' || text[p] == '\\');
    if (is_cut && !is_whole)
      return text.size() - at;
    if (is_whole && (secret.size() >= shortest_anywhere || stands_alone(text, at, p - at)))
      return p - at;
  }
  return 0;
}

std::string secret_mask::masked(std::string_view text, bool goes_on) const {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    if (auto size = match(text, at, goes_on)) {
      out += mask;
      at += size;
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::string secret_mask::apply(std::string_view text) const {
  return masked(text, false);
}

std::string secret_mask::excerpt(std::string_view text, size_t most) const {
  constexpr size_t further = 256; // so that what looks like a secret is seen whole
  const bool goes_on = text.size() > most + further;
  auto out = redact(masked(text.substr(0, most + further), goes_on));
  if (goes_on)
    out.resize(out.size() - std::min(out.size(), further / 4));
  if (out.size() > most)
    out.resize(most);
  return out;
}

} // namespace lode

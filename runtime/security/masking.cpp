#include "runtime/security/sealer.hpp"

namespace lode {

namespace {

constexpr std::string_view hidden = "****";

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

bool is_unreserved(unsigned char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || byte == '-'
         || byte == '.' || byte == '_' || byte == '~';
}

std::string percent_encoded(std::string_view text, const char* digits) {
  std::string out;
  for (char byte : text) {
    const auto number = static_cast<unsigned char>(byte);
    if (is_unreserved(number)) {
      out.push_back(byte);
      continue;
    }
    out.push_back('%');
    out.push_back(digits[number >> 4]);
    out.push_back(digits[number & 15]);
  }
  return out;
}

} // namespace

std::string masked(std::string_view secret) {
  constexpr size_t long_enough = 16;
  std::string out{hidden};
  if (secret.size() >= long_enough)
    out += secret.substr(secret.size() - 4);
  return out;
}

std::string without_secrets(std::string text, const std::vector<std::string>& secrets) {
  constexpr size_t shortest = 4; // shorter ones would tear ordinary words apart
  for (const auto& secret : secrets) {
    if (secret.size() < shortest)
      continue;
    replace_all(text, secret, hidden);
    for (const char* digits : {"0123456789ABCDEF", "0123456789abcdef"})
      replace_all(text, percent_encoded(secret, digits), hidden);
  }
  return text;
}

} // namespace lode

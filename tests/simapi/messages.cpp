#include "tests/simapi/messages.hpp"

namespace simapi {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      result += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      result += text[i] == '+' ? ' ' : text[i];
    }
  }
  return result;
}

bool is_letter_or_digit(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

} // namespace

parameters::parameters(std::string_view text) {
  while (!text.empty()) {
    auto part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    auto equals = part.find('=');
    if (!part.empty())
      values_.emplace_back(decode(part.substr(0, equals)),
                           equals == std::string_view::npos ? std::string{} : decode(part.substr(equals + 1)));
  }
}

const std::string* parameters::find(std::string_view name) const {
  for (const auto& [key, value] : values_)
    if (key == name)
      return &value;
  return nullptr;
}

std::vector<std::string_view> request::parts() const {
  std::vector<std::string_view> result;
  for (std::string_view rest{path}; !rest.empty();) {
    rest.remove_prefix(1); // the slash
    auto part = rest.substr(0, rest.find('/'));
    result.push_back(part);
    rest.remove_prefix(part.size());
  }
  return result;
}

answer plain_answer(uint16_t status, std::string body) {
  answer result;
  result.status = status;
  result.prefix = std::move(body);
  return result;
}

std::string percent_encode(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      result += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      result += {'%', "0123456789ABCDEF"[byte >> 4], "0123456789ABCDEF"[byte & 15]};
    }
  }
  return result;
}

std::string json_escape(std::string_view text, bool escape_slashes) {
  std::string result;
  for (char c : text) {
    if (c == '"' || c == '\\' || (c == '/' && escape_slashes)) {
      result += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += "\\u00";
      result += {"01"[c >> 4], "0123456789abcdef"[c & 15]};
    } else {
      result += c;
    }
  }
  return result;
}

std::string without_secrets(const std::string& target) {
  constexpr std::string_view secret = "access_token=";
  auto begin = target.find(secret);
  if (begin == std::string::npos)
    return target;
  begin += secret.size();
  auto end = std::min(target.find('&', begin), target.size());
  return target.substr(0, begin) + "***" + target.substr(end);
}

std::string safe_host(std::string_view host) {
  std::string result;
  for (char c : host)
    if (is_letter_or_digit(c) || c == '-' || c == '.' || c == ':' || c == '[' || c == ']')
      result += c;
  return result;
}

} // namespace simapi

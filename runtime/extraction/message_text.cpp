#include "runtime/extraction/message_text.hpp"

#include <vector>

#include "runtime/security/redact.hpp"

namespace lode {

namespace {

constexpr size_t max_message = 500;
constexpr size_t shortest_secret = 8;
constexpr size_t shortest_token = 32;

void collect_texts(const expression::value& item, std::vector<std::string>& out) {
  using expression::kind;
  if (item.is(kind::string) && item.string().size() >= shortest_secret)
    out.push_back(item.string());
  else if (item.is(kind::list))
    for (const auto& element : item.list())
      collect_texts(element, out);
  else if (item.is(kind::map))
    for (const auto& [key, element] : item.map())
      collect_texts(element, out);
}

void replace_all(std::string& text, const std::string& what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 3))
    text.replace(at, what.size(), "***");
}

constexpr bool is_token_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9')
         || letter == '_' || letter == '-' || letter == '.' || letter == '%' || letter == '~' || letter == '+'
         || letter == '/';
}

size_t run_length(std::string_view text, size_t from) {
  size_t end = from;
  while (end < text.size() && is_token_letter(text[end]))
    ++end;
  return end - from;
}

void mask_long_runs(std::string& text) {
  for (size_t at = 0; at < text.size(); ++at) {
    auto length = run_length(text, at);
    bool has_digit = std::string_view{text}.substr(at, length).find_first_of("0123456789") != std::string_view::npos;
    if (length >= shortest_token && has_digit) {
      text.replace(at, length, "***");
      length = 3;
    }
    at += length;
  }
}

} // namespace

std::string made_safe(std::string text, const expression::value& config) {
  if (text.size() > 16 * max_message)
    text.resize(16 * max_message);
  std::vector<std::string> secrets;
  collect_texts(config, secrets);
  for (const auto& secret : secrets)
    replace_all(text, secret);
  text = redact(text);
  mask_long_runs(text);
  for (auto& letter : text)
    if (static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F)
      letter = ' ';
  if (text.size() > max_message) {
    auto end = max_message - 3;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
      --end;
    text = text.substr(0, end) + "...";
  }
  return text;
}

} // namespace lode

#include "examples/mask/masked_text.hpp"

#include <algorithm>
#include <utility>

#include "runtime/extraction/content_hash.hpp"

namespace lode::examples {

namespace {

using span = std::pair<size_t, size_t>; // begin, and one behind the end

bool passes_luhn(std::string_view text) {
  int sum = 0;
  bool is_doubled = false;
  for (auto each = text.rbegin(); each != text.rend(); ++each) {
    if (*each < '0' || *each > '9')
      continue;
    int digit = (*each - '0') * (is_doubled ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
    is_doubled = !is_doubled;
  }
  return sum % 10 == 0;
}

void append_finds(std::vector<span>& out, std::string_view text, const mask_pattern& pattern) {
  re2::StringPiece found;
  for (size_t at = 0; at < text.size();) {
    if (!pattern.expression->Match({text.data(), text.size()}, at, text.size(), re2::RE2::UNANCHORED, &found, 1))
      return;
    auto begin = static_cast<size_t>(found.data() - text.data());
    if (!found.empty() && (!pattern.is_card || passes_luhn({found.data(), found.size()})))
      out.emplace_back(begin, begin + found.size());
    at = begin + std::max<size_t>(found.size(), 1);
  }
}

std::vector<span> merged(std::vector<span> finds) {
  std::sort(finds.begin(), finds.end());
  std::vector<span> result;
  for (const auto& each : finds)
    if (result.empty() || each.first > result.back().second)
      result.push_back(each);
    else
      result.back().second = std::max(result.back().second, each.second);
  return result;
}

} // namespace

std::optional<mask_pattern> preset_pattern(std::string_view name) {
  static const mask_pattern email{
    std::make_shared<const re2::RE2>(R"([\pL\pN._%+-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)*\.\pL{2,})")};
  static const mask_pattern card{std::make_shared<const re2::RE2>(R"(\b[0-9](?:[ -]?[0-9]){12,18}\b)"), true};
  if (name == "email")
    return email;
  return name == "card_number" ? std::optional{card} : std::nullopt;
}

std::optional<std::string> masked_text(std::string_view text, const std::vector<mask_pattern>& patterns,
                                       const mask_form& form) {
  std::vector<span> finds;
  for (const auto& each : patterns)
    append_finds(finds, text, each);
  if (finds.empty())
    return std::nullopt;
  std::string out;
  size_t done = 0;
  for (const auto& [begin, end] : merged(std::move(finds))) {
    out += text.substr(done, begin - done);
    out += form.is_hash ? to_text(hash_of(text.substr(begin, end - begin), form.seed)) : "***";
    done = end;
  }
  return out += text.substr(done);
}

} // namespace lode::examples

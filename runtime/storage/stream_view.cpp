#include "runtime/storage/stream_view.hpp"

#include <xxhash.h>

#include <array>
#include <iterator>
#include <set>

#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

constexpr size_t longest_name = 63;
constexpr size_t most_columns = 1'500; // PostgreSQL's limit is 1,664

/// At most `limit` bytes, without half a character at the end.
std::string cut(std::string_view text, size_t limit) {
  if (text.size() > limit) {
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80)
      --limit;
    text = text.substr(0, limit);
  }
  return std::string{text};
}

std::string hash_suffix(std::string_view source, std::string_view stream) {
  auto hash = XXH3_64bits_withSeed(stream.data(), stream.size(), XXH3_64bits(source.data(), source.size()));
  std::string out = "_";
  for (int shift = 28; shift >= 0; shift -= 4)
    out += "0123456789abcdef"[hash >> shift & 15];
  return out;
}

} // namespace

std::string_view name_of(view_type type) {
  constexpr std::array<std::string_view, 7> names{"text", "integer", "number", "boolean", "timestamp", "date", "json"};
  return names.at(static_cast<size_t>(type));
}

std::string view_name(std::string_view source, std::string_view stream) {
  auto name = std::string{source} + "__" + std::string{stream};
  // "a__b" and "c" would give what "a" and "b__c" give.
  if (name.size() <= longest_name && name.find("__") == source.size())
    return name;
  auto suffix = hash_suffix(source, stream);
  return cut(name, longest_name - suffix.size()) + suffix;
}

std::vector<view_column> columns_of(const std::vector<view_field>& fields) {
  std::set<std::string, std::less<>> taken{std::begin(view_columns), std::end(view_columns)};
  std::vector<view_column> out;
  for (const auto& field : fields) {
    if (field.name.empty() || !is_storable_text(field.name) || out.size() == most_columns)
      continue;
    auto name = cut(field.name, longest_name);
    for (auto underscores = std::string{"_"}; taken.contains(name) && underscores.size() < longest_name; underscores += '_')
      name = cut(field.name, longest_name - underscores.size()) + underscores;
    if (taken.insert(name).second)
      out.push_back({name, field});
  }
  return out;
}

} // namespace lode

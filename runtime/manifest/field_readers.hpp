#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/manifest/component.hpp"

/// Readers of fields that `x-lode` blocks have in common; internal to this folder.
namespace lode {

/// A word and what it means.
template <class Meaning>
struct choice {
  std::string_view word;
  Meaning means;
};

/// What the word of a field means; reports any other word with the known ones.
template <class Choices>
auto read_choice(const component& block, std::string_view name, const Choices& choices, decltype(choices[0].means) otherwise) {
  auto found = block.text(name);
  std::string known;
  for (auto& each : choices) {
    if (each.word == found)
      return each.means;
    known += (known.empty() ? "" : ", ") + std::string{each.word};
  }
  if (block.has(name))
    block.error("expected one of " + known + ", found '" + found + "'", name);
  return otherwise;
}

/// `500ms`, `30s`, `5m`, `2h`, `7d`, or ISO-8601 without months; nothing when it is neither.
std::optional<std::chrono::milliseconds> read_span(std::string_view text);

/// Calls `store` with the span if the key is there and in bounds.
template <class Store>
void read_span_field(const component& block, std::string_view name, std::chrono::milliseconds least, Store store) {
  if (!block.has(name))
    return;
  auto span = read_span(block.text(name));
  if (!span || *span < least || *span > std::chrono::hours{24 * 366})
    return block.error("expected a time such as 500ms, 30s, 5m, 2h or 7d, from " + std::to_string(least.count())
                         + "ms to 366d, found " + describe(*block.field(name)),
                       name);
  store(*span);
}

} // namespace lode

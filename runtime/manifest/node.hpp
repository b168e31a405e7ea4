#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/expression/value.hpp"

namespace lode {

struct manifest_node;
using manifest_node_pointer = std::shared_ptr<const manifest_node>;

/// A piece of a manifest that remembers where it was written. Immutable and shared: a definition
/// that is referred to ten times is there once.
struct manifest_node {
  enum class shape : uint8_t { scalar, list, map };
  using entry = std::pair<std::string, manifest_node_pointer>;

  shape is = shape::scalar;
  expression::value scalar; ///< none for null
  std::vector<manifest_node_pointer> items;
  std::vector<entry> entries; ///< in the order of the file
  uint32_t line = 0;          ///< 1-based

  /// The entry of a map, or null.
  const manifest_node_pointer* find(std::string_view key) const;
  bool is_null() const { return is == shape::scalar && scalar.is(expression::kind::none); }
  bool is_text() const { return is == shape::scalar && scalar.is(expression::kind::string); }
};

/// The node as a value of the template language; dates become text.
expression::value to_value(const manifest_node& node);

/// "a map", "a list", "text": for messages.
std::string describe(const manifest_node& node);

} // namespace lode

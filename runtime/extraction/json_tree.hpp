#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/expression/value.hpp"
#include "runtime/extraction/json_document.hpp"
#include "runtime/manifest/lode_extension.hpp"

namespace lode {

/// A JSON value that can be changed: what transformations work on. Scalars keep the text that was received.
struct json_tree {
  json_kind kind = json_kind::null;
  std::string scalar; ///< JSON text of a scalar
  std::vector<std::pair<std::string, json_tree>> members;
  std::vector<json_tree> elements;

  static json_tree from(json_node node);
  static json_tree from(const expression::value& item);

  std::string to_json() const;
  /// Sets the value at `path`, creating maps on the way; what stands in the way is replaced.
  void set(const field_path& path, json_tree item);
  /// Removes what `path` (globs allowed) leads to: members go, elements of lists become null. Missing is silent.
  void remove(const field_path& path, size_t level = 0);
  /// Calls `edit` for all that `path` (globs allowed) leads to. Missing is silent.
  void change(const field_path& path, const std::function<void(json_tree&)>& edit, size_t level = 0);
};

} // namespace lode

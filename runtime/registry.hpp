#pragma once

#include <caf/expected.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/type_ids.hpp"

namespace lode {

/// What users may add to Lode, by name: miners, processor steps, listeners, sinks, schedule policies. `T` is whatever
/// makes one, for example a std::function. Filled while the node is put together, only read afterwards.
template <class T>
class registry {
public:
  using map = std::map<std::string, T, std::less<>>;

  /// `kind` names the things in messages, for example "schedule policy"; `builtin` are the ones that Lode brings.
  explicit registry(std::string kind, map builtin = {}) : kind_(std::move(kind)), items_(std::move(builtin)) {}

  /// Fails with errc::conflict when the name is taken, errc::bad_argument when it is empty.
  caf::error add(std::string name, T item) {
    if (name.empty())
      return caf::make_error(errc::bad_argument, "a " + kind_ + " needs a name");
    if (!items_.emplace(name, std::move(item)).second)
      return caf::make_error(errc::conflict, "there are two of " + kind_ + " '" + name + "': rename one of them");
    return {};
  }

  /// Fails with errc::not_found and the names that exist. The pointer is valid as long as the registry.
  caf::expected<const T*> find(std::string_view name) const {
    if (auto i = items_.find(name); i != items_.end())
      return &i->second;
    std::string known;
    for (const auto& [other, item] : items_)
      known += (known.empty() ? "" : ", ") + other;
    return caf::make_error(errc::not_found, "there is no " + kind_ + " '" + std::string{name} + "'; known: "
                                              + (known.empty() ? "none" : known));
  }

  /// All names, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& [name, item] : items_)
      result.push_back(name);
    return result;
  }

private:
  std::string kind_;
  map items_;
};

} // namespace lode

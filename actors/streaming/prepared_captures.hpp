#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "messages/actors.hpp"

namespace lode {

/// Captures that a successor made, until the supervisors of their tenants take them. Thread-safe.
class prepared_captures {
public:
  using side = std::pair<connection_id, uint32_t>; ///< a connection and the index of its live side

  /// What a capture was made for; of anything else it heard nothing.
  struct fit {
    int64_t edition = 0;
    std::string source_version;
    friend bool operator==(const fit&, const fit&) = default;
  };

  void put(const side& where, fit made_for, capture_actor capture) {
    std::lock_guard lock{mutex_};
    entries_.insert_or_assign(where, entry{std::move(made_for), std::move(capture)});
  }
  /// The caller owns it from now on. Null: there is none that fits.
  capture_actor take(const side& where, const fit& wanted) {
    std::lock_guard lock{mutex_};
    auto i = entries_.find(where);
    if (i == entries_.end() || i->second.made_for != wanted)
      return {};
    return entries_.extract(i).mapped().capture;
  }
  /// Null: somebody has taken it.
  capture_actor take_back(const side& where) {
    std::lock_guard lock{mutex_};
    auto node = entries_.extract(where);
    return node ? node.mapped().capture : capture_actor{};
  }

private:
  struct entry {
    fit made_for;
    capture_actor capture;
  };
  std::mutex mutex_;
  std::map<side, entry> entries_;
};

} // namespace lode

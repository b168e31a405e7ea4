#pragma once

#include <optional>

#include "messages/storage.hpp"

namespace lode {

/// What a page or an event says of one key.
struct told_fact {
  fact_order order;             ///< the latest moment at which it can have been true
  bool is_deleted = false;
  bool is_same = false;         ///< as the latest fact of its key, deletion included
  bool is_of_event = false;
  bool is_beside_another_run = false;
  /// Known facts from this moment on may be newer, where no ordering field decides. Absent: the order decides alone.
  std::optional<fact_order> doubt_from;
};

enum class fact_count : uint8_t { inserted, updated, deleted, unchanged, refused_older };

/// What a fact means after the latest one of its key.
struct fact_verdict {
  std::optional<change_kind> change; ///< nothing: it changes nothing
  fact_count counts_as = fact_count::unchanged;
  fact_order order;                  ///< of the key after the change
  bool is_in_doubt = false;          ///< nobody can tell which of the two is newer: the key is to be fetched again
};

/// Whether `fact` was true at an earlier logical time than `other`, whatever their ordering fields say.
bool is_before(const fact_order& fact, const fact_order& other);

/// Pure; the only place that decides which of two facts of a key is newer. In doubt what is known stands, and the key is looked at
/// again: what replaced it might be the older one, and whoever reads the feed would see a step back.
fact_verdict judge(const stored_fact& latest, const told_fact& told);

} // namespace lode

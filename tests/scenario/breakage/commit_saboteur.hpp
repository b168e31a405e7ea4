#pragma once

#include "tests/support/scenario.hpp"

namespace lode::test {

/// Puts itself between the node and the store's commit function: loses a commit, keeps one for later, takes a check out.
class commit_saboteur {
public:
  /// The store is migrated.
  explicit commit_saboteur(scenario& world);

  /// Takes a check out of the commit function; the test program ends when its text is not there.
  void without_version_check();
  void without_fence();

  /// Confirms the `nth` commit that leaves its continuation open, but does nothing: as a database does that lost its
  /// last moments.
  void lose_commit(int nth);
  /// The next commit is not done, but kept; its sender is told that it was.
  void keep_next_commit();
  bool has_kept() const;
  /// The kept commit arrives now, as from a node that was believed to be dead. Its status: 0 committed, 2 refused by fence.
  int64_t deliver_kept();

private:
  void replace(const std::string& text, const std::string& by);

  scenario& world_;
};

} // namespace lode::test

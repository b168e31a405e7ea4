#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <array>

#include "tests/contract/storage/storage_contract.hpp"

namespace lode::test {

/// Seconds of the nodes' clocks, later than any time of the store's own.
inline instant at_second(int second) {
  return instant{std::chrono::days{40000}} + std::chrono::seconds{second};
}

/// A gap as words: "FROM-UNTIL STATE", seconds counted as above.
inline std::string word(const gap_row& gap) {
  constexpr std::array states{"owed", "repairing", "closed", "unverified"};
  auto text = [](instant time) {
    return time == instant{} ? std::string{"start"} : std::to_string((time - at_second(0)) / std::chrono::seconds{1});
  };
  return text(gap.from) + "-" + (gap.until ? text(*gap.until) : "") + " " + states.at(static_cast<size_t>(gap.state));
}

/// The connection of storage_contract, to which live_ listens in the name of the first life.
class live_contract : public storage_contract {
protected:
  live_subscription subscription(int64_t id) const { return {connection_.id, claim_of(connection_.shard), id}; }

  listening_start start_of(int64_t id, int second) const {
    auto edition = catalog_->edition_of(connection_.id); // none: it is not active
    return {subscription(id), edition ? *edition : 0, at_second(second)};
  }

  /// Begins, as whoever `store` is; the gaps that are owed then.
  std::vector<std::string> begin(live_store& store, int64_t id, int second) const {
    auto owed = store.begin_listening(start_of(id, second));
    if (!owed)
      return {to_string(owed.error())};
    std::vector<std::string> out;
    for (const auto& gap : *owed)
      out.push_back(word(gap));
    return out;
  }

  int64_t prove(live_store& store, int64_t id, int second) const {
    const health_proof proof{connection_.id, id, at_second(second)};
    auto proven = store.prove_health({&proof, 1});
    return proven ? *proven : -1;
  }

  /// All gaps, oldest first.
  std::vector<gap_row> gaps() {
    auto out = *live_->list_gaps(connection_.id, 1000);
    std::reverse(out.begin(), out.end());
    return out;
  }

  std::vector<std::string> words() {
    std::vector<std::string> out;
    for (const auto& gap : gaps())
      out.push_back(word(gap));
    return out;
  }

  /// Listens since second 0, and what was before is repaired.
  void listen(int64_t id = 1) {
    begin(*live_, id, 0);
    finish(start_run(run_kind::full, slice_bounds{{}, at_second(0)}));
  }

  run_start planned(run_kind kind, std::optional<slice_bounds> repairs = {}) {
    auto out = storage_contract::start_of(connection_, kind);
    out.edition = *catalog_->edition_of(connection_.id);
    out.source_version = source_.version;
    out.repairs = repairs;
    return out;
  }
  started_run start_run(run_kind kind, std::optional<slice_bounds> repairs = {}) { return *runs_->start_run(planned(kind, repairs)); }
  started_run repair(int from, int until) { return start_run(run_kind::repair, slice_bounds{at_second(from), at_second(until)}); }

  void finish(const started_run& run, continuation_phase phase = continuation_phase::closed) {
    EXPECT_EQ(commit_one(page_of(connection_, run.run, run.opened.at(0), 0, phase)), commit_status::committed);
  }

  std::unique_ptr<live_store> live_ = backend_->make_live_store(first_life);
};

} // namespace lode::test

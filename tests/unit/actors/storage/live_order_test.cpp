#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "actors/storage/fact_verdict.hpp"

using namespace lode;

/// One key of an API that changes while pages are read and events arrive late, doubled and out of order: whatever the timing, the
/// store holds the truth once what was in doubt has been fetched again.
namespace {

struct version {
  int64_t since = 0;
  uint64_t content = 0; ///< 0: deleted
  int64_t field = 0;
};

/// What arrives at the writer, and when.
struct arrival {
  int64_t at = 0;
  uint64_t content = 0;
  told_fact told;
};

struct world {
  world(uint64_t seed, bool has_field, int64_t max_delay) : random(seed), has_field(has_field), max_delay(max_delay) {}

  int64_t below(int64_t bound) { return std::uniform_int_distribution<int64_t>{0, bound - 1}(random); }

  void live_on() {
    history.push_back({0, 1, has_field ? int64_t{1} : 0});
    for (int64_t now = 5; now < end; now += 1 + below(25))
      history.push_back({now, static_cast<uint64_t>(below(4)), has_field ? 1 + now / second : 0});
  }

  const version& at(int64_t when) const {
    auto after = std::find_if(history.begin(), history.end(), [&](const auto& each) { return each.since > when; });
    return *std::prev(after);
  }

  void send_events() {
    for (const auto& each : history)
      for (int64_t copies = 1 + (below(4) == 0); copies > 0; --copies) {
        auto received = each.since + (max_delay > 0 ? below(max_delay + 1) : 0);
        told_fact told;
        told.order = {each.content == 0 ? 0 : each.field, 1, received};
        told.is_deleted = each.content == 0;
        told.is_of_event = true;
        told.doubt_from = fact_order{0, 1, received - max_delay};
        arrivals.push_back({received + below(6), each.content, told});
      }
  }

  void read_pages() {
    for (int64_t sent = 1; sent < end; sent += 1 + below(30)) {
      auto seen = sent + below(12);
      auto received = seen + below(12);
      const auto& shown = at(seen);
      if (shown.content == 0)
        continue; // a page does not tell what is gone
      told_fact told;
      told.order = {shown.field, 1, received};
      told.doubt_from = fact_order{0, 1, sent};
      arrivals.push_back({received + below(6), shown.content, told});
    }
  }

  void commit(uint64_t content, told_fact told) {
    told.is_same = latest.known && (latest.deleted ? told.is_deleted : !told.is_deleted && latest.hash.low == content);
    auto verdict = judge(latest, told);
    is_owed |= verdict.is_in_doubt;
    if (verdict.change)
      latest = {true, told.is_deleted, {0, content}, verdict.order};
  }

  /// Everything arrives, and what is in doubt is fetched when all is quiet.
  void settle() {
    std::stable_sort(arrivals.begin(), arrivals.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    for (const auto& each : arrivals)
      commit(each.content, each.told);
    if (!std::exchange(is_owed, false))
      return;
    ++rechecks;
    const auto& truth = history.back();
    told_fact fetched;
    fetched.order = {truth.content == 0 ? 0 : truth.field, 1, 3 * end + 1};
    fetched.is_deleted = truth.content == 0;
    fetched.doubt_from = fact_order{0, 1, 3 * end};
    commit(truth.content, fetched);
  }

  bool holds_the_truth() const {
    const auto& truth = history.back();
    return truth.content == 0 ? !latest.known || latest.deleted : latest.known && !latest.deleted && latest.hash.low == truth.content;
  }

  static constexpr int64_t end = 200;
  static constexpr int64_t second = 10;
  std::mt19937_64 random;
  bool has_field;
  int64_t max_delay;
  std::vector<version> history;
  std::vector<arrival> arrivals;
  stored_fact latest;
  bool is_owed = false;
  int rechecks = 0;
};

struct live_order_test : testing::TestWithParam<std::tuple<bool, int64_t>> {
  /// Seeds of 2,000 worlds in which the store ended wrong.
  int stale(bool knows_doubt) {
    int wrong = 0;
    for (uint64_t seed = 1; seed <= 2'000; ++seed) {
      auto [has_field, max_delay] = GetParam();
      world each{seed, has_field, max_delay};
      each.live_on();
      each.send_events();
      each.read_pages();
      if (!knows_doubt)
        for (auto& arrival : each.arrivals)
          arrival.told.doubt_from.reset();
      each.settle();
      wrong += !each.holds_the_truth();
      EXPECT_FALSE(knows_doubt && each.is_owed) << "seed " << seed << ": a fetch when all is quiet settles it";
    }
    return wrong;
  }
};

} // namespace

TEST_P(live_order_test, whatever_the_timing_nothing_is_stale_after_rechecks) {
  EXPECT_EQ(stale(true), 0);
}

TEST_P(live_order_test, without_doubt_these_worlds_end_wrong) {
  EXPECT_GT(stale(false), 0);
}

INSTANTIATE_TEST_SUITE_P(all, live_order_test, testing::Combine(testing::Bool(), testing::Values(0, 15)));

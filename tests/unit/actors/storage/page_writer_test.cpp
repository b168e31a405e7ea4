#include "actors/storage/page_writer.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <deque>

#include "tests/support/actor_test.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

/// A store that answers with what the test put in line, else commits; keeps the groups it was given.
class scripted_page_store : public page_store {
public:
  std::deque<commit_status> script;
  std::deque<std::optional<bool>> settled; ///< was it committed; nothing: unavailable
  std::function<commit_status(const page_commit&)> refusal = [](const auto&) { return commit_status::committed; };
  std::function<bool(const page_commit&)> is_too_large = [](const auto&) { return false; }; ///< to commit in time
  std::vector<std::vector<int64_t>> groups; ///< versions
  std::vector<std::string> refused_keys; ///< of every page
  std::string message; ///< of every outcome
  bool is_down = false;
  bool is_put_back = false; ///< it lacks what it had said was committed

  caf::expected<std::vector<stored_fact>> probe(shard_id, stream_id, std::span<const std::string_view> keys) override {
    if (is_down)
      return caf::make_error(errc::store_unavailable, "down");
    return std::vector<stored_fact>(keys.size());
  }

  caf::expected<std::vector<std::string>> payloads(shard_id, stream_id, std::span<const std::string_view> keys) override {
    return std::vector<std::string>(keys.size());
  }

  caf::expected<std::vector<stream_standing>> standings(std::span<const stream_place> streams) override {
    if (is_down)
      return caf::make_error(errc::store_unavailable, "down");
    return std::vector<stream_standing>(streams.size());
  }

  std::vector<page_outcome> commit(std::span<const page_commit> pages) override {
    last.assign(pages.begin(), pages.end());
    std::vector<int64_t> versions;
    for (const auto& page : pages)
      versions.push_back(page.move.expected_version);
    groups.push_back(versions);
    if (!script.empty()) {
      auto status = script.front();
      script.pop_front();
      return outcomes(pages, [&](const auto&) { return status; });
    }
    if (std::any_of(pages.begin(), pages.end(), is_too_large))
      return outcomes(pages, [](const auto&) { return commit_status::timed_out; });
    auto is_refused = [&](const page_commit& page) { return refusal(page) != commit_status::committed; };
    if (std::any_of(pages.begin(), pages.end(), is_refused))
      return outcomes(pages, [&](const auto& page) { return is_refused(page) ? refusal(page) : commit_status::again; });
    return outcomes(pages, [](const auto&) { return commit_status::committed; });
  }

  caf::expected<std::vector<page_outcome>> settle() override {
    auto known = settled.front();
    settled.pop_front();
    if (is_put_back)
      return caf::make_error(errc::conflict, "had confirmed 2 and shows 1");
    if (!known)
      return caf::make_error(errc::store_unavailable, "still down");
    return outcomes(last, [&](const auto&) { return *known ? commit_status::committed : commit_status::again; });
  }

private:
  template <class F>
  std::vector<page_outcome> outcomes(std::span<const page_commit> pages, F status) {
    std::vector<page_outcome> result;
    for (const auto& page : pages) {
      auto& outcome = result.emplace_back();
      outcome.status = status(page);
      outcome.dead_lettered = refused_keys;
      outcome.message = message;
      outcome.version = page.move.expected_version + 1;
    }
    return result;
  }

  std::vector<page_commit> last;
};

struct page_writer_test : actor_test {
  std::shared_ptr<scripted_page_store> store = std::make_shared<scripted_page_store>();
  store_health health;
  std::vector<group_outcome> tries; ///< how each one ended
  page_counters counted;            ///< of committed pages
  page_writer_actor writer = spawn<page_writer>(store, &health, page_writer_settings{}, report());
  std::vector<int64_t> committed;
  std::vector<commit_status> refused;
  std::vector<page_committed> failed; ///< those of `committed` whose continuation failed
  uint32_t dead = 0;
  page_client_actor client = spawn_fake<page_client_actor>(
    [this](const page_committed& msg) {
      committed.push_back(msg.version);
      dead += msg.dead;
      if (msg.phase == continuation_phase::failed)
        failed.push_back(msg);
    },
    [this](const page_refused& msg) { refused.push_back(msg.status); });

  void send(int64_t version, int64_t connection = 1) {
    hashed_page page;
    page.connection = connection_id{connection};
    page.stream = stream_id{connection};
    page.move.id = continuation_id{connection};
    page.move.expected_version = version;
    page.handed_on = system.clock().now();
    page.records.push_back({"k" + std::to_string(version), "{}", {0, 1}, 0});
    caf::anon_send(writer, std::move(page), client);
  }

  page_writer_report report() {
    page_writer_report result;
    result.group = [this](group_outcome outcome, std::chrono::nanoseconds) { tries.push_back(outcome); };
    result.committed = [this](const page_counters& page) {
      counted.inserted += page.inserted;
      counted.dead += page.dead;
    };
    return result;
  }

  /// Asks it to take pages of one continuation only; `is_quiet` says when it has answered.
  void hold_for(int64_t continuation) {
    auto asker = system.spawn([this, continuation](caf::event_based_actor* self) {
      self->request(writer, caf::infinite, hold_pages{continuation_id{continuation}})
        .then([this] { is_quiet = true; }, [this](const caf::error&) { is_refused = true; });
    });
  }
  bool is_quiet = false;
  bool is_refused = false;
};

using groups = std::vector<std::vector<int64_t>>;
using outcomes = std::vector<group_outcome>;

} // namespace

TEST_F(page_writer_test, pages_that_gathered_commit_as_one_group_in_their_order) {
  send(1), send(2), send(3);
  run();
  EXPECT_EQ(store->groups, (groups{{1, 2, 3}}));
  EXPECT_EQ(committed, (std::vector<int64_t>{2, 3, 4}));
}

TEST_F(page_writer_test, a_refused_page_is_told_and_the_others_of_its_group_commit) {
  store->refusal = [](const page_commit& page) {
    return page.move.expected_version == 2 ? commit_status::refused_version : commit_status::committed;
  };
  send(1), send(2), send(3);
  run();
  EXPECT_EQ(store->groups, (groups{{1, 2, 3}, {1, 3}}));
  EXPECT_EQ(committed, (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(refused, std::vector{commit_status::refused_version});
  EXPECT_EQ(tries, (outcomes{group_outcome::refused, group_outcome::committed}));
  EXPECT_EQ(counted.inserted, 2) << "what was refused is not there";
}

TEST_F(page_writer_test, an_outage_is_shown_and_waited_out_and_keeps_the_order) {
  store->script = {commit_status::unavailable, commit_status::unavailable};
  send(1), send(2);
  run();
  EXPECT_TRUE(health.is_out());
  EXPECT_TRUE(committed.empty());
  send(3);
  advance(1s);
  EXPECT_FALSE(health.is_out());
  EXPECT_EQ(store->groups, (groups{{1, 2}, {1, 2, 3}, {1, 2, 3}})) << "nothing was written before";
  EXPECT_EQ(committed, (std::vector<int64_t>{2, 3, 4}));
  EXPECT_EQ(tries, (outcomes{group_outcome::unavailable, group_outcome::unavailable, group_outcome::committed}));
}

TEST_F(page_writer_test, an_answer_is_noted_as_late_only_when_a_page_had_waited_long_for_it) {
  send(1);
  run();
  EXPECT_EQ(health.last_late_answer(), store_health::time_point{});
  store->script = {commit_status::unavailable};
  send(2);
  run();
  scheduler.advance_time(3min);
  run();
  EXPECT_EQ(committed.size(), 2u);
  EXPECT_FALSE(health.is_out());
  EXPECT_EQ(health.last_late_answer(), system.clock().now());
}

TEST_F(page_writer_test, a_probe_that_fails_is_waited_out_like_a_commit) {
  store->is_down = true;
  send(1);
  advance(1s);
  EXPECT_TRUE(health.is_out());
  store->is_down = false;
  advance(5s);
  EXPECT_EQ(committed, std::vector<int64_t>{2});
}

TEST_F(page_writer_test, an_outage_is_explained_with_what_the_store_said_last) {
  store->is_down = true;
  send(1);
  run();
  ASSERT_TRUE(health.is_out());
  EXPECT_EQ(health.why(), "down");
  store->is_down = false;
  store->script = {commit_status::unavailable};
  store->message = "no space left";
  scheduler.advance_time(100ms);
  run();
  ASSERT_TRUE(health.is_out());
  EXPECT_EQ(health.why(), "no space left");
}

TEST_F(page_writer_test, an_unknown_outcome_that_was_committed_is_not_written_again) {
  store->script = {commit_status::unknown};
  store->settled = {std::nullopt, true};
  send(1);
  advance(1s);
  EXPECT_EQ(store->groups.size(), 1u);
  EXPECT_EQ(committed, std::vector<int64_t>{2});
  EXPECT_EQ(tries, (outcomes{group_outcome::unknown, group_outcome::committed}));
}

TEST_F(page_writer_test, an_unknown_outcome_that_was_not_committed_is_written_again) {
  store->script = {commit_status::unknown};
  store->settled = {false};
  send(1);
  advance(1s);
  EXPECT_EQ(store->groups.size(), 2u);
  EXPECT_EQ(committed, std::vector<int64_t>{2});
  EXPECT_EQ(tries, (outcomes{group_outcome::unknown, group_outcome::committed})) << "the first try wrote nothing";
  EXPECT_EQ(counted.inserted, 1);
}

TEST_F(page_writer_test, where_confirmed_commits_are_gone_nothing_is_committed_any_more_and_the_node_is_told) {
  store->script = {commit_status::unknown};
  store->settled.resize(100);
  store->is_put_back = true;
  send(1);
  run();
  EXPECT_EQ(health.went_back(), "had confirmed 2 and shows 1");
  send(2);
  advance(10s);
  EXPECT_EQ(store->groups.size(), 1u);
  EXPECT_TRUE(committed.empty());
}

TEST_F(page_writer_test, nothing_commits_before_an_unknown_outcome_is_settled) {
  store->script = {commit_status::unknown};
  store->settled = {std::nullopt, std::nullopt, true};
  send(1);
  run();
  send(2);
  run();
  EXPECT_EQ(store->groups.size(), 1u);
  advance(2s);
  EXPECT_EQ(store->groups, (groups{{1}, {2}}));
}

TEST_F(page_writer_test, a_data_error_is_split_until_the_culprit_stands_alone) {
  store->script = {commit_status::data_error, commit_status::data_error};
  send(1), send(2), send(3), send(4);
  run();
  EXPECT_EQ(store->groups[0].size(), 4u);
  EXPECT_EQ(store->groups[1].size(), 2u);
  EXPECT_EQ(store->groups[2].size(), 1u);
  EXPECT_EQ(committed.size(), 4u);
  EXPECT_EQ(tries.size(), store->groups.size());
  EXPECT_EQ(std::count(tries.begin(), tries.end(), group_outcome::split), 2);
  EXPECT_EQ(std::count(tries.begin(), tries.end(), group_outcome::refused), 0);
}

TEST_F(page_writer_test, a_group_that_takes_too_long_is_split_and_that_is_no_outage) {
  store->script = {commit_status::timed_out, commit_status::timed_out};
  send(1), send(2), send(3), send(4);
  run();
  EXPECT_EQ(store->groups[1].size(), 2u);
  EXPECT_EQ(store->groups[2].size(), 1u);
  EXPECT_EQ(committed.size(), 4u);
  EXPECT_FALSE(health.is_out());
  EXPECT_TRUE(failed.empty());
}

TEST_F(page_writer_test, a_large_page_that_takes_too_long_alone_lets_the_others_go_first_and_fails_at_last) {
  page_writer_settings all_are_large;
  all_are_large.large_records = 1;
  writer = spawn<page_writer>(store, &health, all_are_large, page_writer_report{});
  store->is_too_large = [](const page_commit& page) { return page.connection.value == 1 && !page.changes.empty(); };
  send(1), send(2), send(11, 2), send(12, 2);
  run();
  EXPECT_EQ(store->groups, (groups{{1, 2, 11, 12}, {1, 2}, {1}, {11}, {12}, {1}, {1}, {1}, {2}, {2}, {2}, {2}}));
  EXPECT_EQ(committed, (std::vector<int64_t>{12, 13, 2, 3}));
  ASSERT_EQ(failed.size(), 2u);
  EXPECT_THAT(failed[0].reason, testing::HasSubstr("a page of 1 records (0 bytes) is too large to commit"));
  EXPECT_THAT(failed[0].reason, testing::HasSubstr("lower the page size"));
  EXPECT_FALSE(health.is_out());
}

TEST_F(page_writer_test, a_page_that_is_given_up_moves_no_anchor) {
  page_writer_settings all_are_large;
  all_are_large.large_records = 1;
  writer = spawn<page_writer>(store, &health, all_are_large, page_writer_report{});
  bool has_failed = false;
  bool has_anchor = false;
  store->is_too_large = [&](const page_commit& page) {
    has_failed = has_failed || page.move.phase == continuation_phase::failed;
    has_anchor = has_anchor || (page.move.phase == continuation_phase::failed && page.anchor);
    return !page.changes.empty();
  };
  hashed_page page;
  page.connection = connection_id{1};
  page.stream = stream_id{1};
  page.move.id = continuation_id{1};
  page.move.phase = continuation_phase::closed;
  page.handed_on = system.clock().now();
  page.records.push_back({"k", "{}", {0, 1}, 0});
  page.anchor = slice_anchor{};
  caf::anon_send(writer, std::move(page), client);
  run();
  EXPECT_TRUE(has_failed);
  EXPECT_FALSE(has_anchor);
}

TEST_F(page_writer_test, a_small_page_that_takes_too_long_fails_only_after_many_tries_between_which_others_commit) {
  store->is_too_large = [](const page_commit& page) { return page.connection.value == 1 && !page.changes.empty(); };
  send(1);
  for (int64_t other = 0; other < 29; ++other) {
    send(other, 2);
    advance(10s);
  }
  EXPECT_TRUE(failed.empty());
  EXPECT_EQ(committed.size(), 29u) << "it blocks nobody";
  send(29, 2), send(30, 2);
  advance(10s);
  EXPECT_EQ(failed.size(), 1u);
  EXPECT_GE(std::count(tries.begin(), tries.end(), group_outcome::timed_out), 30) << "a page alone cannot be split";
}

TEST_F(page_writer_test, a_store_in_which_even_small_pages_take_too_long_is_out_and_costs_no_page) {
  store->is_too_large = [](const page_commit&) { return true; };
  send(1), send(11, 2), send(21, 3);
  advance(10min);
  EXPECT_TRUE(health.is_out());
  EXPECT_TRUE(committed.empty());
  store->is_too_large = [](const page_commit&) { return false; };
  advance(10s);
  EXPECT_FALSE(health.is_out());
  EXPECT_EQ(committed.size(), 3u);
  EXPECT_TRUE(failed.empty());
}

TEST_F(page_writer_test, after_an_outage_nothing_is_known_any_more) {
  auto commits_of = [&](int64_t version) {
    counted = {};
    send(version);
    advance(10s);
    return counted.inserted;
  };
  EXPECT_EQ(commits_of(1), 1);
  EXPECT_EQ(commits_of(1), 0) << "it is remembered";
  store->script = {commit_status::unavailable};
  EXPECT_EQ(commits_of(2), 1);
  EXPECT_EQ(commits_of(1), 1) << "a database that failed over may have lost what it had confirmed; the store says it has";
}

TEST_F(page_writer_test, a_group_is_bounded_by_records) {
  page_writer_settings small;
  small.group_records = 2;
  auto bounded = spawn<page_writer>(store, &health, small, page_writer_report{});
  std::swap(writer, bounded);
  send(1), send(2), send(3);
  run();
  EXPECT_EQ(store->groups, (groups{{1, 2}, {3}}));
}

struct waiting_writer_test : page_writer_test {
  waiting_writer_test() {
    page_writer_settings patient;
    patient.group_wait = 200ms;
    patient.group_pages = 3;
    writer = spawn<page_writer>(store, &health, patient, page_writer_report{});
  }
};

TEST_F(waiting_writer_test, a_page_waits_for_others_as_long_as_it_may_and_no_longer) {
  send(1);
  advance(150ms);
  send(2);
  run();
  EXPECT_TRUE(store->groups.empty());
  advance(50ms);
  EXPECT_EQ(store->groups, (groups{{1, 2}})) << "counted from the first of them";
  send(3);
  advance(150ms);
  EXPECT_EQ(store->groups.size(), 1u) << "the next group waits as long";
  advance(50ms);
  EXPECT_EQ(store->groups, (groups{{1, 2}, {3}}));
}

TEST_F(waiting_writer_test, a_full_group_waits_for_nothing) {
  send(1), send(2), send(3);
  run();
  EXPECT_EQ(store->groups, (groups{{1, 2, 3}}));
}

TEST_F(waiting_writer_test, a_full_group_takes_no_time_from_the_next_one) {
  send(1);
  advance(150ms);
  send(2), send(3), send(4);
  run();
  EXPECT_EQ(store->groups, (groups{{1, 2, 3}}));
  advance(150ms);
  EXPECT_EQ(store->groups.size(), 1u);
  advance(50ms);
  EXPECT_EQ(store->groups, (groups{{1, 2, 3}, {4}}));
}

TEST_F(waiting_writer_test, a_page_that_has_waited_elsewhere_does_not_wait_again) {
  hold_for(7);
  run();
  send(1);
  advance(200ms);
  caf::anon_send(writer, release_pages{});
  run();
  EXPECT_EQ(store->groups, groups{{1}});
}

TEST_F(waiting_writer_test, told_to_stop_it_waits_for_no_more_pages) {
  send(1);
  run();
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
  run();
  EXPECT_EQ(committed, std::vector<int64_t>{2});
}

TEST_F(page_writer_test, told_to_stop_it_commits_what_had_arrived) {
  send(1), send(2);
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
  run();
  EXPECT_EQ(committed.size(), 2u);
}

TEST_F(page_writer_test, answers_that_it_is_quiet_when_all_that_came_before_is_committed) {
  page_writer_settings small;
  small.group_records = 1;
  writer = spawn<page_writer>(store, &health, small, page_writer_report{});
  send(1), send(2);
  hold_for(7);
  run();
  EXPECT_TRUE(is_quiet);
  EXPECT_EQ(store->groups, (groups{{1}, {2}}));
}

TEST_F(page_writer_test, is_not_quiet_in_an_outage_and_answers_when_it_is_over) {
  store->script = {commit_status::unavailable};
  send(1);
  run();
  hold_for(7);
  run();
  EXPECT_FALSE(is_quiet);
  advance(1s);
  EXPECT_TRUE(is_quiet);
  EXPECT_EQ(committed, std::vector<int64_t>{2});
}

TEST_F(page_writer_test, holds_back_the_pages_of_others_and_takes_them_up_in_their_order) {
  hold_for(7);
  run();
  EXPECT_TRUE(is_quiet);
  send(1), send(70, 7), send(2);
  run();
  EXPECT_EQ(store->groups, groups{{70}}) << "with nothing beside it";
  caf::anon_send(writer, release_pages{});
  send(3);
  run();
  EXPECT_EQ(committed, (std::vector<int64_t>{71, 2, 3, 4}));
}

TEST_F(page_writer_test, told_to_stop_before_it_is_quiet_it_leaves_nobody_waiting) {
  store->script = {commit_status::unavailable};
  send(1);
  run();
  hold_for(7);
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
  run();
  EXPECT_TRUE(is_refused);
}

TEST_F(page_writer_test, dead_records_of_the_page_and_those_that_the_database_refused_are_told_together) {
  hashed_page page;
  page.move.id = continuation_id{1};
  page.records.push_back({"k", "{}", {0, 1}, 0});
  page.dead = {{"", "{}", "no key", {}}, {"", "{}", "no key", {}}};
  store->refused_keys = {"k"};
  caf::anon_send(writer, std::move(page), client);
  run();
  EXPECT_EQ(dead, 3u);
  EXPECT_EQ(counted.dead, 3);
  EXPECT_EQ(counted.inserted, 0) << "the store holds nothing new";
}

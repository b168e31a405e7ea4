#include <gmock/gmock.h>

#include <algorithm>

#include "messages/type_ids.hpp"
#include "runtime/storage/fact_print.hpp"
#include "tests/contract/storage/storage_contract.hpp"

/// What a full pass leaves for its sweep, and what the sweep's commits do.
namespace lode::test {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using enum commit_status;

constexpr auto open = continuation_phase::open;
constexpr auto closed = continuation_phase::closed;
constexpr auto failed = continuation_phase::failed;
constexpr int64_t began = 5; ///< logical time of the passes here

uint64_t mark_of(const std::string& key) {
  return print_of(key, {}, 0).key;
}

} // namespace

/// The records a, b and c, and full passes of `posts` over them.
class deletes_contract : public storage_contract {
protected:
  deletes_contract() { commit({page_with(0, {insert("a", 1), insert("b", 1), insert("c", 1)})}); }

  run_start start(run_kind kind = run_kind::full, bool reads_all = true, bool is_patient = false,
                  std::chrono::microseconds settles = {}) {
    auto out = start_of(connection_, kind);
    out.passes = {{posts_, {posts_}, reads_all, is_patient, settles}};
    out.stamp = {0, out.claim.epoch.value, began};
    out.edition = connection_.edition;
    out.source_version = source_.version;
    return out;
  }

  std::vector<continuation_row> rows_of(run_id run) { return *runs_->load_continuations(run, {}, 10); }

  std::optional<continuation_row> sweep_of(run_id run) {
    for (const auto& row : rows_of(run))
      if (row.is_sweep)
        return row;
    return std::nullopt;
  }

  /// A page that saw these.
  page_commit seen(const started_run& run, int64_t version, const std::vector<std::string>& keys, continuation_phase phase) {
    auto out = page_of(connection_, run.run, run.opened.at(0), version, phase);
    out.pass = run.run;
    for (const auto& key : keys)
      out.marks.push_back(mark_of(key));
    out.counters.records = static_cast<int64_t>(keys.size());
    return out;
  }

  page_commit sweep_page(const continuation_row& row, const std::vector<std::string>& keys, continuation_phase phase) {
    auto out = page_of(connection_, row.run, row.id, row.version, phase);
    for (const auto& key : keys)
      out.changes.push_back(removal(key, began));
    out.counters = {};
    out.counters.deleted = static_cast<int64_t>(keys.size());
    return out;
  }

  /// A full pass that saw a and c, up to its sweep.
  started_run read_all_but_b(run_kind kind = run_kind::full) {
    auto run = *runs_->start_run(start(kind));
    EXPECT_EQ(commit_one(seen(run, 0, {"a"}, open)), committed);
    EXPECT_EQ(commit_one(seen(run, 1, {"c"}, closed)), committed);
    return run;
  }

  /// A claim ends the sessions of the earlier life, which then has to settle what it sent.
  commit_status commit_as_zombie(const page_commit& page) {
    auto status = commit_one(page);
    if (status != unknown)
      return status;
    auto settled = pages_->settle()->at(0).status;
    return settled == again ? commit_one(page) : settled;
  }

  std::vector<uint64_t> marks(run_id pass) {
    std::vector<uint64_t> out;
    for (int64_t after = 0, rounds = 0; rounds < 10; ++rounds) {
      auto part = *runs_->load_marks(posts_, pass, after);
      out.insert(out.end(), part.keys.begin(), part.keys.end());
      after = part.last;
      if (after == 0)
        break;
    }
    return out;
  }

  std::vector<std::string> live() {
    std::vector<std::string> out;
    auto facts = *runs_->load_live(connection_.shard, posts_, "", false);
    for (const auto& fact : facts)
      if (!fact.is_deleted)
        out.push_back(fact.key);
    return out;
  }
};

TEST_P(deletes_contract, a_full_pass_leaves_the_keys_that_it_saw_and_waits_for_its_sweep) {
  auto run = *runs_->start_run(start());
  auto rows = rows_of(run.run);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].pass, run.run);
  EXPECT_EQ(runs_->load_pass(run.run, posts_)->why_not, "a slice is still open");
  commit({seen(run, 0, {"a"}, open), seen(run, 1, {"c"}, closed)});
  EXPECT_EQ(runs_->load_run(run.run)->phase, run_phase::open);
  auto pass = *runs_->load_pass(run.run, posts_);
  EXPECT_EQ(pass.why_not, "");
  EXPECT_EQ(pass.pass, run.run);
  EXPECT_EQ(pass.began, (fact_order{0, claim_of(connection_.shard).epoch.value, began}));
  EXPECT_EQ(pass.marks, 2);
  EXPECT_THAT(marks(run.run), ElementsAre(mark_of("a"), mark_of("c")));
  EXPECT_THAT(live(), ElementsAre("a", "b", "c"));
  auto facts = *runs_->load_live(connection_.shard, posts_, "a", true);
  EXPECT_EQ(facts.at(0).payload, R"({"content":1})");
  EXPECT_EQ(facts.at(0).order, (fact_order{0, 1, 1}));
}

TEST_P(deletes_contract, a_sweep_deletes_as_any_page_does_and_ends_its_run_and_its_pass) {
  auto run = read_all_but_b();
  auto outcome = commit({sweep_page(*sweep_of(run.run), {"b"}, closed)}).at(0);
  EXPECT_EQ(outcome.status, committed);
  EXPECT_TRUE(outcome.run_ended);
  EXPECT_THAT(live(), ElementsAre("a", "c"));
  EXPECT_EQ(feed_words().back(), "delete b 0");
  EXPECT_TRUE(fact("b").deleted);
  auto summary = *runs_->load_run(run.run);
  EXPECT_EQ(summary.phase, run_phase::finished);
  EXPECT_EQ(summary.counters.deleted, 1);
  EXPECT_THAT(marks(run.run), IsEmpty());
  EXPECT_NE(runs_->load_pass(run.run, posts_)->why_not, "");
}

TEST_P(deletes_contract, what_was_deleted_comes_back_as_an_insert) {
  auto run = read_all_but_b();
  commit({sweep_page(*sweep_of(run.run), {"b"}, closed)});
  EXPECT_EQ(commit_one(page_with(1, {insert("b", 1, began + 1)})), committed);
  EXPECT_THAT(live(), ElementsAre("a", "b", "c"));
  auto words = feed_words();
  EXPECT_EQ(std::vector<std::string>(words.end() - 2, words.end()), (std::vector<std::string>{"delete b 0", "insert b 1"}));
}

TEST_P(deletes_contract, a_page_that_is_refused_leaves_no_marks) {
  auto run = *runs_->start_run(start());
  EXPECT_EQ(commit_one(seen(run, 7, {"a"}, open)), refused_version);
  EXPECT_THAT(marks(run.run), IsEmpty());
  EXPECT_EQ(statuses(commit({seen(run, 0, {"a"}, open), seen(run, 9, {"b"}, open)})),
            (std::vector{again, refused_version}));
  EXPECT_THAT(marks(run.run), IsEmpty());
  auto late = seen(run, 0, {"a"}, open);
  claim_again(second_life);
  EXPECT_EQ(commit_as_zombie(late), refused_fence);
  EXPECT_THAT(marks(run.run), IsEmpty());
}

TEST_P(deletes_contract, the_sweep_of_a_zombie_deletes_nothing_and_the_new_owner_goes_on_where_it_was) {
  auto run = read_all_but_b();
  auto first = sweep_page(*sweep_of(run.run), {}, open);
  ASSERT_EQ(commit_one(first), committed);
  auto late = sweep_page(*sweep_of(run.run), {"b"}, closed);
  claim_again(second_life);
  EXPECT_EQ(commit_as_zombie(late), refused_fence);
  EXPECT_THAT(live(), ElementsAre("a", "b", "c"));
  auto row = *runs_->resume_continuation(late.move.id);
  EXPECT_TRUE(row.is_sweep);
  EXPECT_EQ(row.state, first.move.state);
  EXPECT_EQ(runs_->load_open_runs()->at(0).crash_resumes, 0) << "it waited, nothing of it was in work";
  pages_ = backend_->make_page_store(second_life, 0);
  EXPECT_EQ(commit_one(sweep_page(row, {"b"}, closed)), committed);
  EXPECT_THAT(live(), ElementsAre("a", "c"));
}

TEST_P(deletes_contract, a_sweep_that_was_resumed_refuses_what_is_on_its_way) {
  auto run = read_all_but_b();
  auto late = sweep_page(*sweep_of(run.run), {"b"}, closed);
  ASSERT_TRUE(runs_->resume_continuation(late.move.id));
  EXPECT_EQ(commit_one(late), refused_version);
  EXPECT_THAT(live(), ElementsAre("a", "b", "c"));
}

TEST_P(deletes_contract, a_pass_with_a_hole_proves_nothing) {
  auto run = *runs_->start_run(start());
  auto hole = seen(run, 0, {"a"}, failed);
  hole.move.reason = "404";
  commit({hole});
  EXPECT_THAT(runs_->load_pass(run.run, posts_)->why_not, HasSubstr("not read to its end: 404"));
  commit({sweep_page(*sweep_of(run.run), {}, closed)});
  auto shifting = *runs_->start_run(start());
  auto last = seen(shifting, 0, {"a"}, closed);
  last.move.reason = "rows kept shifting";
  commit({last});
  EXPECT_THAT(runs_->load_pass(shifting.run, posts_)->why_not, HasSubstr("rows kept shifting"));
}

TEST_P(deletes_contract, a_pass_that_lacks_marks_or_whose_connection_changed_proves_nothing) {
  auto run = *runs_->start_run(start());
  auto silent = seen(run, 0, {"a", "b"}, closed);
  silent.marks.pop_back();
  commit({silent});
  EXPECT_EQ(runs_->load_pass(run.run, posts_)->why_not, "a page left no marks");
  commit({sweep_page(*sweep_of(run.run), {}, closed)});
  auto other = read_all_but_b();
  ASSERT_FALSE(catalog_->set_connection_secrets(connection_.id, "new ones"));
  EXPECT_THAT(runs_->load_pass(other.run, posts_)->why_not, HasSubstr("changed meanwhile"));
}

TEST_P(deletes_contract, a_source_that_was_put_anew_ends_the_pass) {
  auto run = read_all_but_b();
  ASSERT_TRUE(catalog_->put_source("shop", "another manifest", "v2"));
  EXPECT_THAT(runs_->load_pass(run.run, posts_)->why_not, HasSubstr("changed meanwhile"));
}

TEST_P(deletes_contract, a_patient_pass_is_swept_by_the_next_run_that_reads_to_the_end) {
  auto pass = *runs_->start_run(start(run_kind::full, true, true));
  EXPECT_FALSE(sweep_of(pass.run));
  commit({seen(pass, 0, {"a"}, closed)});
  EXPECT_EQ(runs_->load_run(pass.run)->phase, run_phase::finished);
  auto next = *runs_->start_run(start(run_kind::manual, false, true));
  EXPECT_EQ(rows_of(next.run).at(0).pass, pass.run) << "what it sees counts too";
  auto last = seen(next, 0, {"c"}, closed);
  last.pass = pass.run;
  commit({last});
  auto standing = *runs_->load_pass(next.run, posts_);
  EXPECT_EQ(standing.why_not, "");
  EXPECT_EQ(standing.pass, pass.run);
  EXPECT_THAT(marks(pass.run), ElementsAre(mark_of("a"), mark_of("c")));
  EXPECT_EQ(commit_one(sweep_page(*sweep_of(next.run), {"b"}, closed)), committed);
  EXPECT_FALSE(sweep_of(runs_->start_run(start(run_kind::manual, false, true))->run)) << "the pass is over";
}

TEST_P(deletes_contract, a_run_with_a_hole_leaves_a_patient_pass_to_the_one_after_it) {
  auto pass = *runs_->start_run(start(run_kind::full, true, true));
  commit({seen(pass, 0, {"a"}, closed)});
  auto next = *runs_->start_run(start(run_kind::manual, false, true));
  commit({page_of(connection_, next.run, next.opened.at(0), 0, failed)});
  auto standing = *runs_->load_pass(next.run, posts_);
  EXPECT_NE(standing.why_not, "");
  EXPECT_TRUE(standing.comes_again);
  EXPECT_EQ(commit_one(sweep_page(*sweep_of(next.run), {}, continuation_phase::cancelled)), committed);
  auto third = *runs_->start_run(start(run_kind::manual, false, true));
  EXPECT_TRUE(sweep_of(third.run));
  EXPECT_EQ(rows_of(third.run).at(0).pass, pass.run);
}

TEST_P(deletes_contract, a_run_that_begins_before_the_api_has_settled_does_not_sweep) {
  auto pass = *runs_->start_run(start(run_kind::full, true, true));
  commit({seen(pass, 0, {"a"}, closed)});
  EXPECT_FALSE(sweep_of(runs_->start_run(start(run_kind::manual, false, true, std::chrono::hours{1}))->run));
}

TEST_P(deletes_contract, a_stream_has_one_pass_at_a_time) {
  auto first = *runs_->start_run(start());
  auto beside = *runs_->start_run(start(run_kind::manual));
  EXPECT_FALSE(sweep_of(beside.run));
  EXPECT_EQ(rows_of(beside.run).at(0).pass, first.run) << "what it sees is there";
  ASSERT_FALSE(runs_->cancel_run(first.run, "by hand"));
  ASSERT_FALSE(runs_->cancel_run(beside.run, "by hand"));
  auto next = *runs_->start_run(start());
  EXPECT_EQ(sweep_of(next.run)->pass, next.run);
}

TEST_P(deletes_contract, a_pass_is_swept_by_one_run_only_though_runs_of_other_kinds_go_on_beside_it) {
  auto pass = *runs_->start_run(start(run_kind::full, true, true));
  commit({seen(pass, 0, {"a"}, closed)});
  auto manual = *runs_->start_run(start(run_kind::manual, false, true));
  auto whole = *runs_->start_run(start());
  EXPECT_TRUE(sweep_of(manual.run));
  EXPECT_FALSE(sweep_of(whole.run)) << "the end of one would take the marks away from under the other";
  auto last = seen(manual, 0, {"c"}, closed);
  last.pass = pass.run;
  commit({last});
  ASSERT_EQ(commit_one(sweep_page(*sweep_of(manual.run), {"b"}, closed)), committed);
  ASSERT_FALSE(runs_->cancel_run(whole.run, "by hand"));
  EXPECT_TRUE(sweep_of(runs_->start_run(start())->run)) << "the next pass begins with the next run that reads all";
}

TEST_P(deletes_contract, what_a_person_confirms_outlives_a_sweep_that_looked_at_nothing) {
  ASSERT_FALSE(runs_->confirm_deletes(connection_.id, {"posts"}));
  auto first = read_all_but_b();
  auto blind = sweep_page(*sweep_of(first.run), {}, closed);
  blind.move.reason = "nothing was deleted: a page left no marks";
  ASSERT_EQ(commit_one(blind), committed);
  EXPECT_TRUE(runs_->load_pass(read_all_but_b().run, posts_)->is_confirmed);
}

TEST_P(deletes_contract, a_sweep_walks_over_tombstones_that_it_does_not_count) {
  auto run = read_all_but_b();
  commit({sweep_page(*sweep_of(run.run), {"b"}, closed)});
  auto facts = *runs_->load_live(connection_.shard, posts_, "a", false);
  ASSERT_EQ(facts.size(), 2u) << "else a million of them would have to be passed within one question";
  EXPECT_TRUE(facts[0].is_deleted);
  EXPECT_FALSE(facts[1].is_deleted);
}

TEST_P(deletes_contract, a_sweep_that_asks_first_leaves_the_full_pass_complete) {
  auto run = read_all_but_b();
  ASSERT_FALSE(runs_->begin_full_passes(run.run, at_day(3), {{posts_, {posts_}}}));
  auto asks = sweep_page(*sweep_of(run.run), {}, failed);
  asks.move.reason = "30 % are missing";
  ASSERT_EQ(commit_one(asks), committed);
  auto summary = *runs_->load_run(run.run);
  EXPECT_EQ(summary.phase, run_phase::incomplete);
  EXPECT_EQ(summary.reason, "30 % are missing");
  EXPECT_EQ(runs_->load_full_passes(connection_.id)->at(0).completed, at_day(3));
}

TEST_P(deletes_contract, what_a_person_confirms_holds_for_one_sweep) {
  EXPECT_TRUE(runs_->confirm_deletes(connection_.id, {"posts", "nothing"}) == errc::not_found);
  auto first = read_all_but_b();
  EXPECT_FALSE(runs_->load_pass(first.run, posts_)->is_confirmed);
  commit({sweep_page(*sweep_of(first.run), {}, failed)});
  ASSERT_FALSE(runs_->confirm_deletes(connection_.id, {"posts"}));
  auto second = read_all_but_b();
  EXPECT_TRUE(runs_->load_pass(second.run, posts_)->is_confirmed);
  commit({sweep_page(*sweep_of(second.run), {"b"}, closed)});
  EXPECT_FALSE(runs_->load_pass(read_all_but_b().run, posts_)->is_confirmed);
}

TEST_P(deletes_contract, marks_that_no_pass_waits_for_go_with_the_upkeep) {
  auto upkeep = backend_->make_upkeep_store();
  auto tidy = [&] {
    for (int steps = 0; steps < 100 && *upkeep->tidy_some({}, 100); ++steps) {
    }
  };
  auto given_up = read_all_but_b();
  tidy();
  EXPECT_EQ(marks(given_up.run).size(), 2u) << "its sweep is still to come";
  ASSERT_FALSE(runs_->cancel_run(given_up.run, "by hand"));
  auto next = read_all_but_b();
  tidy();
  EXPECT_THAT(marks(given_up.run), IsEmpty());
  EXPECT_EQ(marks(next.run).size(), 2u);
}

TEST_P(deletes_contract, erasing_a_tenant_takes_passes_and_marks_with_it) {
  read_all_but_b();
  auto rows = backend_->row_counter(connection_.tenant);
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  for (int steps = 0; steps < 100 && *catalog_->erase_some(connection_.tenant, 10) > 0; ++steps) {
  }
  EXPECT_EQ(rows(), 0);
}

INSTANTIATE_TEST_SUITE_P(memory, deletes_contract, testing::Values(memory_backend()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, deletes_contract, testing::Values(postgres_backend()),
                         [](const auto& info) { return info.param.name; });

} // namespace lode::test

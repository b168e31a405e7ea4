#include <gmock/gmock.h>

#include <algorithm>

#include "tests/contract/storage/storage_contract.hpp"

/// Who is alive, and who owns which shard. The fixture's node "n1" owns all shards; it lives as `first_life`.
namespace lode::test {

using enum commit_status;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class membership_contract : public storage_contract {
protected:
  membership_store& of(incarnation self) {
    auto& store = stores_[self];
    if (!store)
      store = backend_->make_membership_store(self);
    return *store;
  }

  caf::expected<joined_node> join(const std::string& name, incarnation self) {
    return of(self).join({name, self, name + ":7", 100});
  }
  /// A member of the view that owns nothing yet.
  void enter(const std::string& name, incarnation self) {
    ASSERT_TRUE(join(name, self));
    ASSERT_FALSE(of(self).enter(self));
  }

  cluster_view view() { return *watcher_->look(); }
  int64_t number() { return view().number; }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const auto& node : view().nodes)
      out.push_back(node.name);
    return out;
  }
  node_state state_of(incarnation self) {
    for (const auto& node : view().nodes)
      if (node.self == self)
        return node.state;
    return node_state::gone;
  }
  int64_t beat_of(incarnation self) {
    for (const auto& node : view().nodes)
      if (node.self == self)
        return node.beat;
    return -1;
  }
  bool bury(incarnation dead) { return *of(second_life).bury(dead, beat_of(dead), number()); }
  shard_owner owner_of(shard_id shard) { return watcher_->owners()->at(static_cast<size_t>(shard.value)); }
  size_t owned_by(incarnation self) {
    auto owners = *watcher_->owners();
    return static_cast<size_t>(std::ranges::count(owners, self, &shard_owner::owner));
  }
  std::vector<shard_claim> claim(incarnation self, const std::vector<shard_id>& shards) {
    auto claimed = of(self).claim(self, number(), shards);
    EXPECT_TRUE(claimed) << to_string(claimed.error());
    return claimed ? *claimed : std::vector<shard_claim>{};
  }
  std::vector<shard_id> all() {
    std::vector<shard_id> out;
    const auto owners = *watcher_->owners();
    for (const auto& each : owners)
      out.push_back(each.shard);
    return out;
  }
  std::vector<shard_id> all_but(shard_id one) {
    auto out = all();
    std::erase(out, one);
    return out;
  }
  using pairs = std::vector<std::pair<int64_t, int64_t>>;
  /// Shards and epochs.
  static pairs in_pairs(const std::vector<shard_claim>& claims) {
    pairs out;
    for (const auto& claim : claims)
      out.emplace_back(claim.shard.value, claim.epoch.value);
    return out;
  }
  /// `count` beats.
  void live(incarnation self, int count) {
    for (int i = 0; i < count; ++i)
      ASSERT_FALSE(of(self).beat(self));
  }
  int32_t deaths(continuation_id id) { return read_runs_->load_continuation(id)->crash_resumes; }
  int32_t alone_deaths(continuation_id id) { return read_runs_->load_continuation(id)->alone_deaths; }
  /// Of a life whose sessions were ended, which it finds out first.
  errc beat_late(incarnation self) {
    auto said = of(self).beat(self);
    return code_of(code_of(said) == errc::store_unavailable ? of(self).beat(self) : said);
  }

  std::unique_ptr<membership_store> watcher_ = backend_->make_membership_store({});
  std::unique_ptr<run_store> read_runs_ = backend_->make_run_store({});

private:
  std::map<incarnation, std::unique_ptr<membership_store>> stores_;
};

// -- who is alive -------------------------------------------------------------------------------

TEST_P(membership_contract, a_life_that_joins_is_shown_and_raises_the_view_only_when_it_enters) {
  const auto before = number();
  auto joined = of(second_life).join({"n2", second_life, "host:7", 250});
  ASSERT_TRUE(joined) << to_string(joined.error());
  EXPECT_EQ(joined->view, before);
  EXPECT_THAT(joined->claims, IsEmpty());
  EXPECT_EQ(joined->flaps, 0);
  EXPECT_EQ(number(), before);
  EXPECT_EQ(state_of(second_life), node_state::joining);
  ASSERT_FALSE(of(second_life).enter(second_life));
  EXPECT_EQ(number(), before + 1);
  auto shown = view().nodes.at(1);
  EXPECT_EQ(shown.name, "n2");
  EXPECT_EQ(shown.state, node_state::member);
  EXPECT_EQ(shown.weight, 250u);
  EXPECT_EQ(shown.address, "host:7");
}

TEST_P(membership_contract, what_is_asked_again_after_a_lost_answer_changes_nothing_more) {
  enter("n2", second_life);
  const auto entered = number();
  auto joined = join("n2", second_life);
  ASSERT_TRUE(joined) << to_string(joined.error());
  ASSERT_FALSE(of(second_life).enter(second_life));
  EXPECT_EQ(number(), entered);
  ASSERT_FALSE(of(second_life).set_draining(second_life, true));
  const auto draining = number();
  ASSERT_FALSE(of(second_life).set_draining(second_life, true));
  ASSERT_FALSE(of(second_life).enter(second_life)) << "and does not end the draining";
  EXPECT_EQ(state_of(second_life), node_state::draining);
  EXPECT_EQ(number(), draining);
  ASSERT_FALSE(of(second_life).leave(second_life));
  const auto left = number();
  ASSERT_FALSE(of(second_life).leave(second_life));
  EXPECT_EQ(number(), left);
  EXPECT_EQ(code_of(join("n2", second_life).error()), errc::not_owner) << "that life is over";
}

TEST_P(membership_contract, beats_are_counted_and_raise_nothing) {
  const auto before = number();
  const auto beat = beat_of(first_life);
  live(first_life, 3);
  EXPECT_EQ(beat_of(first_life), beat + 3);
  EXPECT_EQ(number(), before);
}

TEST_P(membership_contract, of_two_that_bury_the_same_life_one_does) {
  enter("n2", second_life);
  enter("n3", third_life);
  const auto seen = number();
  const auto beat = beat_of(first_life);
  EXPECT_TRUE(*of(second_life).bury(first_life, beat, seen));
  EXPECT_FALSE(*of(third_life).bury(first_life, beat, seen));
  EXPECT_FALSE(*of(third_life).bury(first_life, beat, number()));
  EXPECT_EQ(number(), seen + 1);
  EXPECT_THAT(names(), ElementsAre("n2", "n3"));
}

TEST_P(membership_contract, two_that_think_each_other_dead_do_not_both_succeed) {
  enter("n2", second_life);
  const auto seen = number();
  EXPECT_TRUE(*of(first_life).bury(second_life, beat_of(second_life), seen));
  EXPECT_FALSE(*of(second_life).bury(first_life, beat_of(first_life), seen));
  EXPECT_THAT(names(), ElementsAre("n1"));
}

TEST_P(membership_contract, a_life_whose_beat_moved_is_not_buried) {
  enter("n2", second_life);
  const auto beat = beat_of(first_life);
  live(first_life, 1);
  const auto seen = number();
  EXPECT_FALSE(*of(second_life).bury(first_life, beat, seen));
  EXPECT_EQ(number(), seen);
  EXPECT_FALSE(of(first_life).beat(first_life));
}

TEST_P(membership_contract, a_life_that_was_buried_hears_of_it_whatever_it_does) {
  enter("n2", second_life);
  ASSERT_TRUE(bury(first_life));
  EXPECT_EQ(code_of(of(first_life).beat(first_life)), errc::not_owner);
  EXPECT_EQ(code_of(of(first_life).enter(first_life)), errc::not_owner);
  EXPECT_EQ(code_of(of(first_life).set_draining(first_life, true)), errc::not_owner);
  EXPECT_EQ(code_of(join("n1", first_life).error()), errc::not_owner);
  const auto seen = number();
  EXPECT_EQ(code_of(of(first_life).claim(first_life, seen, all()).error()), errc::stale_version);
  EXPECT_FALSE(of(first_life).leave(first_life));
  EXPECT_EQ(number(), seen);
  EXPECT_EQ(owned_by(first_life), 4096u) << "until others claim them";
}

TEST_P(membership_contract, the_earlier_of_two_processes_with_one_name_is_told_so) {
  auto joined = join("n1", second_life);
  ASSERT_TRUE(joined) << to_string(joined.error());
  EXPECT_EQ(beat_late(first_life), errc::conflict);
  EXPECT_THAT(message_of(of(first_life).beat(first_life)), HasSubstr("n1"));
  EXPECT_FALSE(of(second_life).beat(second_life));
}

TEST_P(membership_contract, a_life_that_was_buried_is_told_of_a_later_one_with_its_name) {
  enter("n2", second_life);
  ASSERT_TRUE(bury(first_life));
  ASSERT_TRUE(join("n1", third_life));
  EXPECT_EQ(beat_late(first_life), errc::conflict);
}

TEST_P(membership_contract, a_node_drains_and_takes_its_part_again_each_in_a_view_of_its_own) {
  enter("n2", second_life);
  auto seen = number();
  ASSERT_FALSE(of(second_life).set_draining(second_life, false));
  EXPECT_EQ(number(), seen);
  ASSERT_FALSE(of(second_life).set_draining(second_life, true));
  EXPECT_EQ(number(), seen + 1);
  EXPECT_EQ(state_of(second_life), node_state::draining);
  EXPECT_EQ(code_of(of(second_life).claim(second_life, number(), {{7}}).error()), errc::stale_version);
  EXPECT_FALSE(of(second_life).beat(second_life));
  ASSERT_FALSE(of(second_life).set_draining(second_life, false));
  EXPECT_EQ(number(), seen + 2);
  EXPECT_EQ(state_of(second_life), node_state::member);
}

TEST_P(membership_contract, a_life_that_drains_before_it_entered_is_not_counted_afterwards) {
  ASSERT_TRUE(join("n2", second_life));
  ASSERT_FALSE(of(second_life).set_draining(second_life, true));
  ASSERT_FALSE(of(second_life).enter(second_life));
  EXPECT_EQ(state_of(second_life), node_state::draining);
}

// -- flaps ----------------------------------------------------------------------------------------

TEST_P(membership_contract, short_lives_in_a_row_are_counted_by_their_beats) {
  EXPECT_EQ(join("n1", second_life)->flaps, 1);
  EXPECT_EQ(join("n1", third_life)->flaps, 2);
  EXPECT_EQ(join("n1", third_life)->flaps, 2) << "the same life, asked again";
  EXPECT_EQ(join("n2", {1010})->flaps, 0) << "another node";
  live(third_life, 60);
  EXPECT_EQ(join("n1", fourth_life)->flaps, 0);
}

TEST_P(membership_contract, a_life_that_left_by_itself_is_no_flap_and_clears_none_unless_it_was_long) {
  EXPECT_EQ(join("n1", second_life)->flaps, 1);
  ASSERT_FALSE(of(second_life).leave(second_life));
  EXPECT_EQ(join("n1", third_life)->flaps, 1);
  live(third_life, 60);
  ASSERT_FALSE(of(third_life).leave(third_life));
  EXPECT_EQ(join("n1", fourth_life)->flaps, 0);
}

TEST_P(membership_contract, a_life_that_was_buried_early_is_a_flap) {
  enter("n2", second_life);
  live(first_life, 59);
  ASSERT_TRUE(bury(first_life));
  EXPECT_EQ(join("n1", third_life)->flaps, 1);
}

// -- shards ---------------------------------------------------------------------------------------

TEST_P(membership_contract, a_life_takes_the_shards_of_the_one_before_at_once_with_new_epochs) {
  const auto seen = number();
  auto joined = *join("n1", second_life);
  EXPECT_GT(joined.view, seen) << "one life less";
  ASSERT_THAT(joined.claims, SizeIs(4096));
  for (const auto& claim : joined.claims)
    EXPECT_EQ(claim.epoch.value, claim_of(claim.shard).epoch.value + 1);
  EXPECT_EQ(in_pairs(join("n1", second_life)->claims), in_pairs(joined.claims)) << "asked again: no other epochs";
  EXPECT_EQ(deaths(continuation_), 1);
}

TEST_P(membership_contract, a_life_takes_what_its_earlier_ones_still_own_though_they_were_buried) {
  enter("n2", second_life);
  ASSERT_TRUE(bury(first_life));
  claim(second_life, {{1}, {2}});
  EXPECT_THAT(join("n1", third_life)->claims, SizeIs(4094));
  EXPECT_EQ(owner_of({1}).owner, second_life);
}

TEST_P(membership_contract, a_shard_of_somebody_alive_is_not_claimed_whatever_its_state) {
  enter("n2", second_life);
  EXPECT_THAT(claim(second_life, all()), IsEmpty());
  ASSERT_FALSE(of(first_life).set_draining(first_life, true));
  EXPECT_THAT(claim(second_life, all()), IsEmpty());
  ASSERT_TRUE(join("n1", third_life)); // joining, with all shards
  EXPECT_THAT(claim(second_life, all()), IsEmpty());
  EXPECT_EQ(owned_by(third_life), 4096u);
}

TEST_P(membership_contract, a_claim_says_what_the_node_owns_of_what_it_asked_for_also_when_it_asks_again) {
  enter("n2", second_life);
  ASSERT_FALSE(of(first_life).release(first_life, {{3}, {5}}));
  const auto got = claim(second_life, {{5}, {3}, {7}});
  EXPECT_EQ(in_pairs(got), (pairs{{3, 2}, {5, 2}}));
  EXPECT_EQ(in_pairs(claim(second_life, {{5}, {3}, {7}})), in_pairs(got));
}

TEST_P(membership_contract, a_claim_under_an_old_view_gets_nothing) {
  enter("n2", second_life);
  ASSERT_FALSE(of(first_life).release(first_life, all()));
  const auto seen = number();
  enter("n3", third_life); // between the reading and the claim
  EXPECT_EQ(code_of(of(second_life).claim(second_life, seen, all()).error()), errc::stale_version);
  EXPECT_EQ(owned_by({}), 4096u);
}

TEST_P(membership_contract, who_does_not_count_yet_claims_nothing) {
  ASSERT_TRUE(join("n2", second_life));
  EXPECT_EQ(code_of(of(second_life).claim(second_life, number(), {{1}}).error()), errc::stale_version);
  EXPECT_EQ(code_of(of(third_life).claim(third_life, number(), {{1}}).error()), errc::stale_version);
}

TEST_P(membership_contract, what_others_own_is_not_released) {
  enter("n2", second_life);
  ASSERT_FALSE(of(second_life).release(second_life, all()));
  EXPECT_EQ(owned_by(first_life), 4096u);
  ASSERT_FALSE(of(first_life).release(first_life, {{4}}));
  EXPECT_EQ(owned_by({}), 1u);
}

TEST_P(membership_contract, epochs_only_grow_whoever_comes_and_goes) {
  std::vector<shard_owner> before = *watcher_->owners();
  const auto has_grown_once = [&] {
    auto now = *watcher_->owners();
    auto out = std::ranges::equal(before, now, [](const auto& was, const auto& is) {
      return is.epoch.value == was.epoch.value + 1;
    });
    before = now;
    return out;
  };
  enter("n2", second_life);
  ASSERT_TRUE(bury(first_life));
  claim(second_life, all());
  EXPECT_TRUE(has_grown_once());
  ASSERT_FALSE(of(second_life).leave(second_life));
  enter("n3", third_life);
  claim(third_life, all());
  EXPECT_TRUE(has_grown_once());
  ASSERT_FALSE(of(third_life).release(third_life, all()));
  claim(third_life, all());
  EXPECT_TRUE(has_grown_once()) << "also for the same owner: what was on its way is of before";
}

// -- crashes --------------------------------------------------------------------------------------

TEST_P(membership_contract, a_life_that_left_died_over_nothing) {
  enter("n2", second_life);
  ASSERT_FALSE(of(first_life).leave(first_life));
  EXPECT_EQ(owned_by({}), 4096u);
  claim(second_life, all());
  EXPECT_EQ(deaths(continuation_), 0);
}

TEST_P(membership_contract, a_death_counts_once_for_each_shard_when_that_is_claimed) {
  auto elsewhere = connect("globex");
  while (elsewhere.shard == connection_.shard)
    elsewhere = connect("globex " + std::to_string(elsewhere.id.value));
  auto other = runs_->start_run(start_of(elsewhere))->opened.at(0);
  enter("n2", second_life);
  enter("n3", third_life);
  ASSERT_TRUE(bury(first_life));
  claim(second_life, {connection_.shard});
  EXPECT_EQ(deaths(continuation_), 1);
  EXPECT_EQ(deaths(other), 0);
  claim(third_life, all());
  claim(second_life, all());
  EXPECT_EQ(deaths(continuation_), 1);
  EXPECT_EQ(deaths(other), 1);
}

TEST_P(membership_contract, the_page_in_work_alone_is_blamed_by_the_claim_of_its_own_shard_whoever_else_claimed_first) {
  claim_again(second_life); // one death before
  ASSERT_FALSE(runs_->mark_alone(continuation_));
  enter("n3", third_life);
  enter("n4", fourth_life);
  ASSERT_TRUE(*of(third_life).bury(second_life, beat_of(second_life), number()));
  claim(third_life, all_but(connection_.shard));
  EXPECT_EQ(alone_deaths(continuation_), 0);
  claim(fourth_life, {connection_.shard});
  EXPECT_EQ(alone_deaths(continuation_), 1);
  EXPECT_EQ(deaths(continuation_), 2);
}

TEST_P(membership_contract, a_page_in_work_alone_is_forgotten_with_the_shard_that_was_handed_over) {
  claim_again(second_life);
  ASSERT_FALSE(runs_->mark_alone(continuation_));
  ASSERT_FALSE(of(second_life).release(second_life, {connection_.shard}));
  claim(second_life, {connection_.shard}); // it came back
  claim_again(third_life);
  EXPECT_EQ(deaths(continuation_), 2);
  EXPECT_EQ(alone_deaths(continuation_), 0);
}

TEST_P(membership_contract, a_claim_closes_runs_of_its_shards_that_have_nothing_open) {
  enter("n2", second_life);
  ASSERT_FALSE(of(first_life).release(first_life, all()));
  backend_->close_behind_its_run(continuation_);
  claim(second_life, all_but(connection_.shard));
  EXPECT_EQ(read_runs_->load_run(run_)->phase, run_phase::open);
  claim(second_life, {connection_.shard});
  EXPECT_EQ(read_runs_->load_run(run_)->phase, run_phase::finished);
}

// -- the fence ------------------------------------------------------------------------------------

TEST_P(membership_contract, a_buried_life_writes_until_its_shard_is_claimed_and_never_again) {
  enter("n2", second_life);
  ASSERT_TRUE(bury(first_life));
  EXPECT_EQ(commit_one(page(0)), committed) << "nobody else owns it";
  auto late = page(1);
  claim(second_life, all());
  auto zombie = backend_->make_page_store(first_life, 1);
  EXPECT_EQ(zombie->commit({&late, 1})[0].status, refused_fence) << "another owner";
  late.epoch = owner_of(connection_.shard).epoch;
  EXPECT_EQ(zombie->commit({&late, 1})[0].status, refused_fence) << "the right epoch does not help it";
}

TEST_P(membership_contract, a_page_of_an_owners_earlier_time_is_refused_after_the_shard_came_back) {
  auto late = page(0);
  ASSERT_FALSE(of(first_life).release(first_life, {connection_.shard}));
  enter("n2", second_life);
  claim(second_life, {connection_.shard});
  ASSERT_FALSE(of(second_life).release(second_life, {connection_.shard}));
  claims_ = claim(first_life, all());
  EXPECT_EQ(commit_one(late), refused_fence) << "the right owner does not help it";
  EXPECT_EQ(commit_one(page(0)), committed);
}

// -- a new generation -----------------------------------------------------------------------------

TEST_P(membership_contract, a_store_in_doubt_is_claimed_by_no_member_either) {
  enter("n2", second_life);
  ASSERT_FALSE(of(first_life).release(first_life, all()));
  auto generations = backend_->make_generation_store();
  ASSERT_FALSE(generations->doubt(generations->look()->generation, "it shows 3 and had shown 5"));
  auto refused = of(second_life).claim(second_life, number(), all());
  EXPECT_EQ(code_of(refused.error()), errc::conflict);
  EXPECT_THAT(message_of(refused.error()), HasSubstr("lode restored"));
  EXPECT_EQ(code_of(join("n3", third_life).error()), errc::conflict);
}

INSTANTIATE_TEST_SUITE_P(memory, membership_contract, testing::Values(memory_backend()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, membership_contract, testing::Values(postgres_backend()),
                         [](const auto& info) { return info.param.name; });

} // namespace lode::test

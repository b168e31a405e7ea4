#include "tests/contract/storage/live_contract.hpp"

/// Which connections a webhook is for, and the sweeps for those that nobody delivered.
namespace lode::test {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using namespace std::chrono_literals;

class webhook_contract : public live_contract {
protected:
  /// Listens, as whoever `store` is, by webhook under this account.
  void hook(const connection_row& connection, std::optional<std::string> account, int64_t id = 1, int second = 0) {
    listening_start start{{connection.id, claim_of(connection.shard), id}, *catalog_->edition_of(connection.id), at_second(second),
                          std::move(account)};
    auto owed = live_->begin_listening(start);
    EXPECT_TRUE(owed) << to_string(owed.error());
  }

  std::vector<int64_t> found(const std::vector<std::string>& accounts, size_t limit = 100) {
    std::vector<int64_t> out;
    auto targets = catalog_->find_webhook_targets(source_.name, accounts, limit);
    EXPECT_TRUE(targets) << to_string(targets.error());
    if (targets)
      for (const auto& target : targets->targets)
        out.push_back(target.connection.value);
    return out;
  }

  /// Up to which second the connection is swept after an order for every 5 s; -1: nobody knows of it.
  int64_t sweep(live_store& store, int until) {
    const sweep_order order{connection_.id, 5s, at_second(until)};
    auto swept = store.sweep({&order, 1});
    EXPECT_TRUE(swept) << to_string(swept.error());
    return !swept || swept->empty() ? -1 : (swept->at(0).until - at_second(0)) / 1s;
  }

  /// What sweeps added.
  std::vector<std::string> sweeps() {
    std::vector<std::string> out;
    for (const auto& gap : gaps())
      if (gap.reason == sweep_reason)
        out.push_back(word(gap));
    return out;
  }
};

TEST_P(webhook_contract, a_webhook_is_for_the_connections_that_listen_under_its_account) {
  auto other = connect("other");
  hook(connection_, "one");
  hook(other, "two");
  auto targets = catalog_->find_webhook_targets(source_.name, {"one", "nobody"}, 100);
  ASSERT_TRUE(targets);
  EXPECT_EQ(targets->version, source_.version);
  EXPECT_THAT(targets->targets, ElementsAre(webhook_target{connection_.tenant, connection_.id}));
  EXPECT_THAT(found({"one", "two"}), UnorderedElementsAre(connection_.id.value, other.id.value));
  EXPECT_EQ(found({"one", "two"}, 1).size(), 1u);
  EXPECT_THAT(found({"One"}), IsEmpty());
  EXPECT_THAT(found({}), IsEmpty());
}

TEST_P(webhook_contract, connections_of_one_account_and_those_without_are_all_found) {
  auto other = connect("other");
  auto third = connect("third");
  hook(connection_, "");
  hook(other, "");
  hook(third, std::nullopt);
  EXPECT_THAT(found({""}), UnorderedElementsAre(connection_.id.value, other.id.value)) << "one without a webhook is none of them";
}

TEST_P(webhook_contract, of_a_source_that_is_not_there_nobody_is_asked) {
  auto missing = catalog_->find_webhook_targets("nothing", {"one"}, 100);
  ASSERT_FALSE(missing);
  EXPECT_EQ(code_of(missing.error()), errc::not_found);
}

TEST_P(webhook_contract, of_another_source_nobody_is_found) {
  hook(connection_, "one");
  ASSERT_TRUE(catalog_->put_source("second", "manifest", "v1"));
  EXPECT_THAT(catalog_->find_webhook_targets("second", {"one"}, 100)->targets, IsEmpty());
}

TEST_P(webhook_contract, who_is_silent_or_moves_is_still_the_one_whom_it_is_for) {
  hook(connection_, "one");
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(5), "reset"));
  EXPECT_EQ(found({"one"}).size(), 1u);
  hook(connection_, "one", 2, 6);
  ASSERT_FALSE(live_->hand_over_listening(subscription(2), 3, at_second(7)));
  EXPECT_EQ(found({"one"}).size(), 1u);
}

TEST_P(webhook_contract, a_connection_that_is_not_active_receives_nothing) {
  hook(connection_, "one");
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::paused, "a person"));
  EXPECT_THAT(found({"one"}), IsEmpty());
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::active, ""));
  EXPECT_EQ(found({"one"}).size(), 1u);
  ASSERT_FALSE(catalog_->set_tenant_state(connection_.tenant, activity::suspended, "it failed"));
  EXPECT_THAT(found({"one"}), IsEmpty());
}

TEST_P(webhook_contract, a_connection_that_was_changed_receives_nothing_under_its_former_account) {
  hook(connection_, "one");
  connection_.configuration = R"({"shop":"two"})";
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, connection_));
  EXPECT_THAT(found({"one"}), IsEmpty()) << "what would hear it is of another account";
  hook(connection_, "two", 2, 5);
  EXPECT_THAT(found({"one"}), IsEmpty());
  EXPECT_EQ(found({"two"}).size(), 1u);
}

TEST_P(webhook_contract, one_that_is_erased_leaves_nothing) {
  hook(connection_, "one");
  sweep(*live_, 10);
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  EXPECT_THAT(found({"one"}), IsEmpty());
  auto left = backend_->row_counter(connection_.tenant);
  for (int steps = 0; steps < 100 && *catalog_->erase_some(connection_.tenant, 10) > 0; ++steps)
    EXPECT_EQ(sweep(*live_, 30 + steps) >= 20, false) << "nothing is added to what is being erased";
  EXPECT_EQ(left(), 0);
}

TEST_P(webhook_contract, a_sweep_owes_a_repair_of_all_since_the_one_before) {
  hook(connection_, "one");
  EXPECT_EQ(sweep(*live_, 4), 0) << "not due";
  EXPECT_EQ(sweep(*live_, 5), 5);
  EXPECT_THAT(sweeps(), ElementsAre("0-5 owed"));
  EXPECT_TRUE(*live_->owed_repair_of(connection_.id));
}

TEST_P(webhook_contract, sweeps_do_not_pile_up) {
  hook(connection_, "one");
  finish(start_run(run_kind::full, slice_bounds{{}, at_second(0)}));
  sweep(*live_, 5);
  EXPECT_EQ(sweep(*live_, 15), 5) << "the earlier one is owed";
  auto run = repair(0, 5);
  EXPECT_EQ(sweep(*live_, 20), 5) << "and now under repair";
  finish(run, continuation_phase::failed);
  EXPECT_EQ(sweep(*live_, 22), 5) << "and owed again";
  finish(repair(0, 5));
  EXPECT_EQ(sweep(*live_, 25), 25);
  EXPECT_THAT(sweeps(), ElementsAre("0-5 closed", "5-25 owed")) << "the next one covers more";
}

TEST_P(webhook_contract, a_sweep_whose_deletes_are_not_verified_is_not_in_the_way_of_the_next_one) {
  hook(connection_, "one");
  finish(start_run(run_kind::full, slice_bounds{{}, at_second(0)}));
  sweep(*live_, 5);
  auto start = planned(run_kind::repair, slice_bounds{at_second(0), at_second(5)});
  start.hears_deletes = {posts_};
  finish(*runs_->start_run(start));
  EXPECT_EQ(sweep(*live_, 25), 25);
  EXPECT_THAT(sweeps(), ElementsAre("0-5 unverified", "5-25 owed"));
}

TEST_P(webhook_contract, another_life_goes_on_with_the_sweeps_where_the_former_one_ended) {
  hook(connection_, "one");
  sweep(*live_, 5);
  finish(start_run(run_kind::full, slice_bounds{{}, at_second(0)}));
  finish(repair(0, 5));
  claim_again(second_life);
  const sweep_order of_zombie{connection_.id, 5s, at_second(50)};
  for (int times = 0; times < 2; ++times) // the claim ended its session, which it may only notice now
    live_->sweep({&of_zombie, 1});
  auto heir = backend_->make_live_store(second_life);
  EXPECT_EQ(sweep(*heir, 50), 5) << "nor somebody who does not listen";
  ASSERT_TRUE(heir->begin_listening({subscription(2), *catalog_->edition_of(connection_.id), at_second(50), "one"}));
  EXPECT_EQ(sweep(*heir, 52), 52);
  EXPECT_THAT(sweeps(), ElementsAre("0-5 closed", "5-52 owed"));
}

TEST_P(webhook_contract, who_listens_to_another_edition_begins_anew) {
  hook(connection_, "one");
  connection_.configuration = R"({"shop":"two"})";
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, connection_));
  EXPECT_EQ(sweep(*live_, 10), 0) << "nobody listens to this edition";
  hook(connection_, "two", 2, 11);
  EXPECT_EQ(sweep(*live_, 12), 11) << "what was before is a first gap anyway";
}

TEST_P(webhook_contract, nobody_sweeps_where_nobody_listens) {
  EXPECT_EQ(sweep(*live_, 10), -1);
  hook(connection_, "one");
  ASSERT_FALSE(live_->end_listening(subscription(1), at_second(5), "reset"));
  EXPECT_EQ(sweep(*live_, 20), 0) << "a gap lasts";
  EXPECT_THAT(sweeps(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(memory, webhook_contract, testing::Values(memory_backend()), [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, webhook_contract, testing::Values(postgres_backend()), [](const auto& info) { return info.param.name; });

} // namespace lode::test

#include <gmock/gmock.h>

#include "tests/contract/storage/storage_contract.hpp"

/// Commands to a tenant: each is carried out at most once, whoever owns its shard meanwhile.
namespace lode::test {

class command_contract : public storage_contract {
protected:
  caf::expected<command_standing> take(const std::string& id = "c1") {
    return runs_->take_command(id, connection_.tenant, claim_of(connection_.shard));
  }
  caf::error settle(command_outcome outcome, const std::string& reason = "", const std::string& id = "c1") {
    return runs_->settle_command(id, connection_.tenant, claim_of(connection_.shard), outcome, reason);
  }
  caf::error untake(const std::string& id = "c1") {
    return runs_->untake_command(id, connection_.tenant, claim_of(connection_.shard));
  }
};

TEST_P(command_contract, a_command_is_new_once) {
  auto first = take();
  ASSERT_TRUE(first) << to_string(first.error());
  EXPECT_TRUE(first->is_new);
  EXPECT_FALSE(first->is_settled);
  EXPECT_EQ(first->epoch, claim_of(connection_.shard).epoch);
  auto second = take();
  EXPECT_FALSE(second->is_new);
  EXPECT_FALSE(second->is_settled);
  EXPECT_TRUE(take("c2")->is_new);
}

TEST_P(command_contract, what_became_of_it_is_told_to_whoever_asks_again_and_stays) {
  take();
  ASSERT_FALSE(settle(command_outcome::refused, "is paused"));
  auto again = *take();
  EXPECT_FALSE(again.is_new);
  EXPECT_TRUE(again.is_settled);
  EXPECT_EQ(again.outcome, command_outcome::refused);
  EXPECT_EQ(again.reason, "is paused");
  EXPECT_FALSE(settle(command_outcome::refused, "told twice"));
  EXPECT_EQ(code_of(settle(command_outcome::done)), errc::conflict);
  EXPECT_EQ(take()->reason, "is paused");
  EXPECT_EQ(code_of(settle(command_outcome::done, "", "c2")), errc::not_found);
}

TEST_P(command_contract, what_is_given_back_is_new_again_unless_it_is_settled) {
  take();
  ASSERT_FALSE(untake());
  EXPECT_FALSE(untake()) << "a repeat";
  EXPECT_TRUE(take()->is_new);
  ASSERT_FALSE(settle(command_outcome::done));
  EXPECT_FALSE(untake());
  EXPECT_TRUE(take()->is_settled);
}

TEST_P(command_contract, a_run_that_is_asked_for_again_under_its_id_is_not_run_again_even_when_it_has_ended) {
  auto ask = [&](const std::string& id, run_kind kind = run_kind::manual) { return runs_->request_run(connection_.id, kind, {}, {id}); };
  EXPECT_FALSE(*runs_->was_done({"r1"}));
  ASSERT_EQ(ask("r1")->answer, request_answer::accepted);
  EXPECT_TRUE(*runs_->was_done({"r1"}));
  EXPECT_EQ(ask("r1")->answer, request_answer::accepted) << "as the first time";
  EXPECT_EQ(ask("r2")->answer, request_answer::already_requested);
  auto run = runs_->start_run(start_of(connection_, run_kind::manual));
  ASSERT_TRUE(run) << to_string(run.error());
  ASSERT_FALSE(runs_->cancel_run(run->run, "over"));
  EXPECT_EQ(ask("r1")->answer, request_answer::accepted);
  EXPECT_EQ(code_of(ask("r1", run_kind::repair).error()), errc::conflict);
  EXPECT_EQ(code_of(ask(std::string(65, 'x')).error()), errc::bad_argument);
  EXPECT_EQ(ask("r3")->answer, request_answer::accepted) << "nothing was asked for meanwhile";
}

TEST_P(command_contract, what_was_refused_is_not_remembered) {
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::paused, ""));
  EXPECT_EQ(code_of(runs_->request_run(connection_.id, run_kind::manual, {}, {"r1"}).error()), errc::conflict);
  EXPECT_FALSE(*runs_->was_done({"r1"}));
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::active, ""));
  EXPECT_EQ(runs_->request_run(connection_.id, run_kind::manual, {}, {"r1"})->answer, request_answer::accepted);
}

TEST_P(command_contract, a_run_is_cancelled_and_deletes_are_confirmed_once_under_an_id) {
  auto open = [&] {
    auto started = runs_->start_run(start_of(connection_, run_kind::manual));
    EXPECT_TRUE(started) << to_string(started.error());
    return started->run;
  };
  auto first = open();
  ASSERT_FALSE(runs_->cancel_run(first, "a mistake", {"c1"}));
  EXPECT_FALSE(runs_->cancel_run(first, "told again", {"c1"}));
  EXPECT_EQ(runs_->load_run(first)->reason, "a mistake");
  auto second = open();
  EXPECT_EQ(code_of(runs_->cancel_run(second, "", {"c1"})), errc::conflict) << "of another run";
  EXPECT_EQ(runs_->load_run(second)->phase, run_phase::open);
  EXPECT_EQ(code_of(runs_->cancel_run(run_id{999'999}, "", {"c2"})), errc::not_found);
  EXPECT_EQ(code_of(runs_->confirm_deletes(connection_.id, {"no such"}, {"d1"})), errc::not_found);
  EXPECT_FALSE(*runs_->was_done({"d1"}));
}

TEST_P(command_contract, who_does_not_own_the_shard_takes_nothing_and_settles_nothing_of_others) {
  const auto before = claim_of(connection_.shard);
  claim_again(second_life);
  auto owner = backend_->make_run_store(second_life);
  ASSERT_TRUE(owner->take_command("c1", connection_.tenant, claim_of(connection_.shard))->is_new);
  auto zombie = backend_->make_run_store(first_life); // it comes back
  EXPECT_EQ(code_of(zombie->take_command("c2", connection_.tenant, before).error()), errc::not_owner);
  EXPECT_EQ(code_of(zombie->settle_command("c1", connection_.tenant, before, command_outcome::done, "")), errc::not_owner);
  EXPECT_FALSE(zombie->untake_command("c1", connection_.tenant, before));
  EXPECT_FALSE(owner->take_command("c1", connection_.tenant, claim_of(connection_.shard))->is_new) << "nothing was given back";
  EXPECT_EQ(code_of(owner->take_command("c2", connection_.tenant, before).error()), errc::not_owner) << "another epoch";
}

TEST_P(command_contract, who_took_it_settles_it_and_gives_it_back_after_the_shard_has_left) {
  const auto before = claim_of(connection_.shard);
  take("done"), take("not done"), take("settled");
  claim_again(second_life);
  auto next = backend_->make_run_store(second_life);
  const auto after = claim_of(connection_.shard);
  ASSERT_FALSE(next->settle_command("settled", connection_.tenant, after, command_outcome::refused, "lost"));
  EXPECT_FALSE(runs_->settle_command("done", connection_.tenant, before, command_outcome::done, ""));
  EXPECT_FALSE(runs_->untake_command("not done", connection_.tenant, before));
  EXPECT_FALSE(runs_->untake_command("settled", connection_.tenant, before));
  EXPECT_EQ(next->take_command("done", connection_.tenant, after)->outcome, command_outcome::done);
  EXPECT_TRUE(next->take_command("not done", connection_.tenant, after)->is_new);
  EXPECT_EQ(next->take_command("settled", connection_.tenant, after)->outcome, command_outcome::refused);
}

TEST_P(command_contract, the_next_owner_sees_that_one_before_it_had_a_command_in_hand_and_may_settle_it) {
  const auto epoch = take()->epoch;
  claim_again(second_life);
  auto seen = *take();
  EXPECT_FALSE(seen.is_new);
  EXPECT_EQ(seen.epoch, epoch);
  EXPECT_LT(seen.epoch, claim_of(connection_.shard).epoch);
  EXPECT_FALSE(untake());
  EXPECT_FALSE(take()->is_new) << "only who took it knows that it was not carried out";
  ASSERT_FALSE(settle(command_outcome::unknown, "its node died over it"));
  EXPECT_EQ(take()->outcome, command_outcome::unknown);
}

TEST_P(command_contract, an_id_belongs_to_one_tenant) {
  auto other = connect("globex");
  take();
  EXPECT_EQ(code_of(runs_->take_command("c1", other.tenant, claim_of(other.shard)).error()), errc::conflict);
  EXPECT_EQ(code_of(runs_->settle_command("c1", other.tenant, claim_of(other.shard), command_outcome::done, "")), errc::not_found);
  ASSERT_FALSE(runs_->untake_command("c1", other.tenant, claim_of(other.shard)));
  EXPECT_FALSE(take()->is_new);
  EXPECT_EQ(code_of(runs_->take_command("c2", {424242}, claim_of(connection_.shard)).error()), errc::not_found);
}

TEST_P(command_contract, ids_are_short_texts) {
  EXPECT_TRUE(take(std::string(64, 'x')));
  for (const auto& id : {std::string{}, std::string(65, 'x'), std::string("a\0b", 3), std::string{"\xff"}})
    EXPECT_EQ(code_of(take(id).error()), errc::bad_argument);
}

TEST_P(command_contract, commands_go_with_their_tenant) {
  take();
  auto rows = backend_->row_counter(connection_.tenant);
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  EXPECT_EQ(code_of(take("c2").error()), errc::not_found);
  for (int i = 0; i < 100 && *catalog_->erase_some(connection_.tenant, 100) > 0; ++i) {
  }
  EXPECT_EQ(rows(), 0);
}

INSTANTIATE_TEST_SUITE_P(memory, command_contract, testing::Values(memory_backend()),
                         [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, command_contract, testing::Values(postgres_backend()),
                         [](const auto& info) { return info.param.name; });

} // namespace lode::test

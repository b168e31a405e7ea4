#include <gmock/gmock.h>

#include <tuple>

#include "tests/contract/storage/storage_contract.hpp"

/// What nodes tell of their work.
namespace lode::test {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class standing_contract : public storage_contract {
protected:
  static told_standing waiting(const connection_row& connection, wait_reason reason, const std::string& detail = "") {
    return {connection.id, reason, at_day(1), at_day(2), detail, 12.5, at_day(0)};
  }
  call_error failed_call(int number) const {
    return {connection_.id, posts_, run_, "eu", at_day(number), 503, number, "busy", "GET /posts", "503 Busy"};
  }
  /// As "CONNECTION REASON DETAIL".
  std::vector<std::string> words() {
    std::vector<std::string> out;
    for (const auto& each : backend_->standings())
      out.push_back(to_string(each.connection) + " " + std::to_string(static_cast<int>(each.reason)) + " " + each.detail);
    return out;
  }
  std::string word(const connection_row& connection, wait_reason reason, const std::string& detail = "") const {
    return to_string(connection.id) + " " + std::to_string(static_cast<int>(reason)) + " " + detail;
  }

  std::unique_ptr<standing_store> told_ = backend_->make_standing_store(first_life);
};

TEST_P(standing_contract, what_is_told_of_a_connection_takes_the_place_of_what_was_told_before) {
  auto other = connect("globex");
  ASSERT_FALSE(told_->put_standings({waiting(connection_, wait_reason::quota, "50 a minute"), waiting(other, wait_reason::none)}));
  ASSERT_FALSE(told_->put_standings({waiting(connection_, wait_reason::api_slow), waiting(connection_, wait_reason::backing_off, "503")}));
  EXPECT_THAT(words(), ElementsAre(word(connection_, wait_reason::backing_off, "503"), word(other, wait_reason::none)));
  const auto kept = backend_->standings().at(0);
  EXPECT_EQ(kept.since, at_day(1));
  EXPECT_EQ(kept.until, at_day(2));
  EXPECT_EQ(kept.last_commit, at_day(0));
  EXPECT_DOUBLE_EQ(kept.records_per_second, 12.5);
  ASSERT_FALSE(told_->put_standings({{connection_.id, wait_reason::queued, at_day(3), {}, "", 0, {}}}));
  EXPECT_EQ(backend_->standings().at(0).until, std::nullopt);
  EXPECT_EQ(backend_->standings().at(0).last_commit, std::nullopt);
}

TEST_P(standing_contract, what_is_ended_is_not_told_any_more) {
  auto other = connect("globex");
  ASSERT_FALSE(told_->put_standings({waiting(connection_, wait_reason::quota), waiting(other, wait_reason::quota)}));
  ASSERT_FALSE(told_->end_standings({connection_.id, {999'999}}));
  EXPECT_THAT(words(), ElementsAre(word(other, wait_reason::quota)));
  ASSERT_FALSE(told_->end_standings({}));
  ASSERT_FALSE(told_->put_standings({}));
  EXPECT_THAT(words(), SizeIs(1));
}

TEST_P(standing_contract, of_a_run_that_ended_incomplete_is_told_when_its_work_has_ended) {
  ASSERT_FALSE(told_->put_standings({waiting(connection_, wait_reason::quota)}));
  ASSERT_FALSE(runs_->stop_stream(run_, posts_, "the API answered 500"));
  for (int times = 0; times < 2; ++times) {
    ASSERT_FALSE(told_->end_standings({connection_.id}));
    EXPECT_THAT(words(), ElementsAre(word(connection_, wait_reason::backing_off, "the API answered 500")));
  }
  EXPECT_EQ(backend_->standings().at(0).until, std::nullopt);
  claim_again(second_life);
  std::ignore = told_->end_standings({connection_.id});
  ASSERT_FALSE(told_->end_standings({connection_.id}));
  EXPECT_THAT(words(), IsEmpty());
}

TEST_P(standing_contract, of_a_run_that_was_not_seen_to_work_its_end_is_told_all_the_same) {
  ASSERT_FALSE(runs_->stop_stream(run_, posts_, "the API answered 400"));
  ASSERT_FALSE(told_->end_standings({connection_.id}));
  EXPECT_THAT(words(), ElementsAre(word(connection_, wait_reason::backing_off, "the API answered 400")));
}

TEST_P(standing_contract, who_lost_the_shard_says_nothing_and_ends_nothing_and_what_it_said_is_not_believed) {
  ASSERT_FALSE(told_->put_standings({waiting(connection_, wait_reason::quota)}));
  claim_again(second_life);
  EXPECT_THAT(words(), IsEmpty());
  auto heir = backend_->make_standing_store(second_life);
  ASSERT_FALSE(heir->put_standings({waiting(connection_, wait_reason::api_slow, "heir")}));
  std::ignore = told_->put_standings({waiting(connection_, wait_reason::quota, "zombie")}); // whoever claims ends the sessions of the dead
  ASSERT_FALSE(told_->put_standings({waiting(connection_, wait_reason::quota, "zombie")}));
  ASSERT_FALSE(told_->end_standings({connection_.id}));
  ASSERT_FALSE(told_->add_call_errors({failed_call(1)}));
  EXPECT_THAT(words(), ElementsAre(word(connection_, wait_reason::api_slow, "heir")));
  EXPECT_THAT(backend_->call_errors(connection_.id), IsEmpty());
}

TEST_P(standing_contract, the_latest_twenty_errors_of_a_connection_stay) {
  auto other = connect("globex");
  auto elsewhere = failed_call(99);
  elsewhere.connection = other.id;
  ASSERT_FALSE(told_->add_call_errors({elsewhere}));
  for (int first = 1; first <= 25; first += 5) {
    std::vector<call_error> batch;
    for (int i = first; i < first + 5; ++i)
      batch.push_back(failed_call(i));
    ASSERT_FALSE(told_->add_call_errors(batch));
  }
  auto kept = backend_->call_errors(connection_.id);
  ASSERT_THAT(kept, SizeIs(20));
  EXPECT_EQ(kept.front().attempt, 25);
  EXPECT_EQ(kept.back().attempt, 6);
  EXPECT_EQ(kept.front().status, 503);
  EXPECT_EQ(kept.front().partition, "eu");
  EXPECT_EQ(kept.front().text, "busy");
  EXPECT_EQ(kept.front().request, "GET /posts");
  EXPECT_EQ(kept.front().response, "503 Busy");
  EXPECT_THAT(backend_->call_errors(other.id), SizeIs(1));
}

TEST_P(standing_contract, what_an_API_sent_that_is_no_text_is_kept_as_text) {
  auto error = failed_call(1);
  error.response = std::string("a\0b\xff", 4);
  ASSERT_FALSE(told_->add_call_errors({error}));
  ASSERT_FALSE(told_->put_standings({waiting(connection_, wait_reason::api_slow, "fine")}));
  EXPECT_THAT(backend_->call_errors(connection_.id), SizeIs(1));
}

TEST_P(standing_contract, all_of_it_goes_with_its_connection_and_its_tenant) {
  ASSERT_FALSE(told_->put_standings({waiting(connection_, wait_reason::quota)}));
  ASSERT_FALSE(told_->add_call_errors({failed_call(1)}));
  auto rows = backend_->row_counter(connection_.tenant);
  ASSERT_GT(rows(), 0);
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  EXPECT_THAT(words(), IsEmpty()) << "nothing is told of what is being erased";
  ASSERT_FALSE(told_->put_standings({waiting(connection_, wait_reason::quota)}));
  ASSERT_FALSE(told_->add_call_errors({failed_call(2)}));
  EXPECT_THAT(words(), IsEmpty());
  for (int step = 0; step < 1000; ++step) {
    auto erased = catalog_->erase_some(connection_.tenant, 100);
    ASSERT_TRUE(erased);
    if (*erased == 0)
      break;
  }
  EXPECT_EQ(rows(), 0);
}

TEST_P(standing_contract, what_a_life_that_is_gone_told_is_tidied_away) {
  auto rows = backend_->row_counter(connection_.tenant);
  const auto before = rows();
  ASSERT_FALSE(told_->put_standings({waiting(connection_, wait_reason::quota)}));
  EXPECT_GT(rows(), before);
  claim_again(second_life);
  auto upkeep = backend_->make_upkeep_store();
  for (int step = 0; step < 100; ++step) {
    auto has_more = upkeep->tidy_some({}, 100);
    ASSERT_TRUE(has_more);
    if (!*has_more)
      break;
  }
  EXPECT_EQ(rows(), before);
}

INSTANTIATE_TEST_SUITE_P(memory, standing_contract, testing::Values(memory_backend()), [](const auto& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(postgres, standing_contract, testing::Values(postgres_backend()),
                         [](const auto& info) { return info.param.name; });

} // namespace lode::test

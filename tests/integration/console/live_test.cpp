#include "runtime/storage/live_store.hpp"
#include "tests/integration/console/console_fixture.hpp"
#include "tests/support/claims.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::HasSubstr;

/// Live capture of acme/crm, which this node listens to since second 100.
struct live_routes_test : console_fixture {
  void SetUp() override {
    make_acme();
    claims = *lode::test::claim_everything(*database.make_membership_store(self), "n1", self);
    row = *database.make_catalog_store()->load_connection(connection_id{1});
    auto claim = *std::ranges::find(claims, row.shard, &shard_claim::shard);
    subscription = {row.id, claim, 1};
    stream = std::ranges::find(row.streams, "posts", &stream_row::name)->id;
  }

  void begin(int64_t id, int second) {
    subscription.id = id;
    ASSERT_TRUE(store->begin_listening({subscription, row.edition, at(second)}));
  }
  /// Silent from one second to the other.
  void fall_silent(int from, int until) {
    const health_proof proof{row.id, subscription.id, at(from)};
    ASSERT_EQ(*store->prove_health({&proof, 1}), 1);
    ASSERT_FALSE(store->end_listening(subscription, at(from), "reset, https://api.test/live?access_token=s3cretT0ken"));
    begin(subscription.id + 1, until);
  }
  static instant at(int second) { return instant{std::chrono::seconds{second}}; }

  void commit(page_commit page) {
    page.tenant = row.tenant;
    page.connection = row.id;
    page.stream = stream;
    page.shard = row.shard;
    page.epoch = subscription.claim.epoch;
    EXPECT_EQ(database.make_page_store(self, 0)->commit({&page, 1})[0].status, commit_status::committed);
  }
  /// Of all that has ended, by a run that began and finished.
  void repair() {
    auto runs = database.make_run_store(self);
    run_start start{row.id, subscription.claim, run_kind::repair, {{stream, "", {}, ""}}, {}, {}};
    start.edition = row.edition;
    start.source_version = database.make_catalog_store()->load_source(row.source)->version;
    start.repairs = slice_bounds{{}, at(10'000)};
    start.hears_deletes = {stream};
    auto run = *runs->start_run(start);
    page_commit last;
    last.move = {run.opened[0], run.run, 0, continuation_phase::closed, "", ""};
    commit(last);
  }

  std::unique_ptr<live_store> store = database.make_live_store(self);
  std::vector<shard_claim> claims;
  connection_row row;
  live_subscription subscription;
  stream_id stream;
};

TEST_F(live_routes_test, of_a_connection_that_was_never_heard_nothing_is_told) {
  EXPECT_TRUE(expect(200, "GET", crm).at("live").is_null());
  EXPECT_EQ(expect(200, "GET", crm + "/gaps").at("gaps").as_array().size(), 0u);
  auto live = expect(200, "GET", "/api/v1/status").at("live");
  EXPECT_EQ(live.at("listening"), json::value(0));
  EXPECT_TRUE(live.at("oldest_gap").is_null());
  expect(404, "GET", "/api/v1/tenants/acme/connections/nothing/gaps");
}

TEST_F(live_routes_test, a_connection_shows_since_when_it_is_heard_or_why_not) {
  begin(1, 100);
  auto live = expect(200, "GET", crm).at("live");
  EXPECT_EQ(live.at("state"), json::value("listening"));
  EXPECT_EQ(live.at("since"), json::value("1970-01-01T00:01:40Z"));
  ASSERT_FALSE(store->end_listening(subscription, at(160), "reset, https://api.test/live?access_token=s3cretT0ken"));
  live = expect(200, "GET", crm).at("live");
  EXPECT_EQ(live.at("state"), json::value("silent"));
  EXPECT_EQ(live.at("since"), json::value("1970-01-01T00:01:40Z")) << "nothing after that is proven";
  EXPECT_THAT(std::string{live.at("reason").as_string()}, HasSubstr("reset"));
  EXPECT_EQ(std::string{live.at("reason").as_string()}.find("s3cret"), std::string::npos);
}

TEST_F(live_routes_test, the_status_counts_what_is_heard_and_lists_open_gaps) {
  begin(1, 100);
  fall_silent(200, 230);
  auto status = expect(200, "GET", "/api/v1/status");
  const auto& live = status.at("live");
  EXPECT_EQ(live.at("listening"), json::value(1));
  EXPECT_EQ(live.at("silent"), json::value(0));
  EXPECT_EQ(live.at("gaps").at("owed"), json::value(2));
  EXPECT_EQ(live.at("oldest_gap"), json::value("1970-01-01T00:03:20Z"));
  EXPECT_GT(live.at("oldest_gap_seconds").as_int64(), 0);
  const auto& gaps = status.at("open_gaps").as_array();
  ASSERT_EQ(gaps.size(), 2u);
  EXPECT_EQ(gaps[1].at("tenant"), json::value("acme"));
  EXPECT_EQ(gaps[1].at("connection"), json::value("crm"));
  EXPECT_EQ(gaps[1].at("until"), json::value("1970-01-01T00:03:50Z"));
  EXPECT_EQ(expect(200, "GET", "/api/v1/status?gaps=1").at("open_gaps").as_array().size(), 1u);
}

TEST_F(live_routes_test, gaps_come_latest_first_and_page_by_page) {
  begin(1, 100);
  for (int second : {200, 300, 400})
    fall_silent(second, second + 10);
  auto first = expect(200, "GET", crm + "/gaps?limit=3");
  ASSERT_EQ(first.at("gaps").as_array().size(), 3u);
  EXPECT_EQ(first.at("gaps").at(0).at("from"), json::value("1970-01-01T00:06:40Z"));
  EXPECT_EQ(first.at("gaps").at(0).at("state"), json::value("owed"));
  EXPECT_TRUE(first.at("gaps").at(0).at("run").is_null());
  auto rest = expect(200, "GET", crm + "/gaps?limit=3&before=" + json::serialize(first.at("next")));
  ASSERT_EQ(rest.at("gaps").as_array().size(), 1u);
  EXPECT_TRUE(rest.at("gaps").at(0).at("from").is_null()) << "what was before the first listener";
  EXPECT_TRUE(rest.at("next").is_null());
  expect(400, "GET", crm + "/gaps?before=soon");
}

TEST_F(live_routes_test, what_was_deleted_in_a_repaired_gap_is_told_of_until_a_pass_has_swept) {
  page_commit read;
  auto run = *database.make_run_store(self)->start_run({row.id, subscription.claim, run_kind::manual, {{stream, "", {}, ""}}, {}, {}});
  read.move = {run.opened[0], run.run, 0, continuation_phase::closed, "", ""};
  read.counters.records = 1;
  commit(read);
  begin(1, 100);
  fall_silent(200, 230);
  repair();
  auto gap = expect(200, "GET", crm + "/gaps").at("gaps").at(0);
  EXPECT_EQ(gap.at("state"), json::value("unverified"));
  EXPECT_EQ(gap.at("unverified_streams"), (json::value{"posts"}));
  EXPECT_EQ(expect(200, "GET", "/api/v1/status").at("live").at("gaps").at("owed"), json::value(0));
  auto complete = expect(200, "GET", crm + "/streams/posts/complete?to=1970-01-01T00:03:40Z");
  ASSERT_GE(complete.at("deletes_unverified").as_array().size(), 1u);
  auto told = complete.at("deletes_unverified").as_array().back();
  EXPECT_EQ(told.at("from"), json::value("1970-01-01T00:03:20Z"));
  EXPECT_EQ(told.at("to"), json::value("1970-01-01T00:03:40Z")) << "as far as was asked";
}

TEST_F(live_routes_test, keys_that_are_fetched_again_are_listed_with_the_reason_why_not_yet) {
  begin(1, 100);
  page_commit page;
  page.rechecks = {{"a", 0s, {0, 1, 1}}, {"b", 1h, {0, 1, 1}}, {"c", 2h, {0, 1, 1}}};
  commit(page);
  auto rows = *store->load_rechecks(row.id, 1min, 10);
  ASSERT_FALSE(store->postpone_rechecks(row.id, subscription.claim, rows, 1min, "the API answered 503"));
  auto answer = expect(200, "GET", crm + "/rechecks?limit=2");
  EXPECT_EQ(answer.at("total"), json::value(3));
  ASSERT_EQ(answer.at("rechecks").as_array().size(), 2u);
  const auto& first = answer.at("rechecks").at(0);
  EXPECT_EQ(first.at("stream"), json::value("posts"));
  EXPECT_EQ(first.at("key"), json::value("a"));
  EXPECT_EQ(first.at("attempts"), json::value(1));
  EXPECT_EQ(first.at("reason"), json::value("the API answered 503"));
  EXPECT_EQ(expect(200, "GET", crm).at("live").at("rechecks"), json::value(3));
}

#include "actors/extraction/credential_keeper.hpp"

#include <gmock/gmock.h>

#include "actors/scheduling/run_keeper.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/http/scripted_http_client.hpp"
#include "runtime/storage/memory/memory_database.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/leases.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using lode::test::claim_everything;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

/// What actors refer to: it outlives them, as a base before theirs.
struct keeper_surroundings {
  memory_database database;
  std::unique_ptr<catalog_store> catalog = database.make_catalog_store();
  scripted_http_client http{scripted_http_client::delivery::on_demand};
  continuation_codec codec{[](std::string_view text) { return std::string{text}; },
                           [](std::string_view text) { return std::string{text}; }};
  lease held; ///< of the node
  std::atomic<int64_t> waiting{0};
  std::vector<std::string> tokens;
  std::vector<caf::error> errors;
};

/// A keeper between a scripted token endpoint and a run keeper over a store in memory; both die with a node's life.
struct credential_keeper_test : keeper_surroundings, actor_test {
  bool is_single_use = true;
  bool is_lease_lost_at_begin = false;
  int64_t lives = 0;
  connection_row connection;
  run_keeper_actor runs;
  credential_keeper_actor keeper;
  services_pointer services;

  void SetUp() override {
    renew_for_ever(held);
    connection_row wanted;
    wanted.name = "crm";
    wanted.source = catalog->put_source("crm-api", "manifest", "v1")->id;
    wanted.configuration = R"({"client":"lode"})";
    wanted.sealed_secrets = R"({"refresh_token":"r1"})";
    wanted.streams = {{{}, "items", 0}};
    connection = *catalog->put_connection(catalog->create_tenant("acme")->id, wanted);
    live();
  }

  source_plan_pointer plan() const {
    auto result = std::make_shared<source_plan>(*item_plan());
    oauth_auth auth;
    auth.endpoint = *program::parse("https://auth.test/token");
    auth.client_id = *program::parse("{{ config['client'] }}");
    auth.client_secret = *program::parse("s");
    auth.refresh_token = *program::parse("{{ config['refresh_token'] }}");
    if (is_single_use)
      auth.updater = {{"refresh_token", {"access_token"}, {"refresh_token"}, {"expiry"}}};
    result->streams[0].requester.authenticator = auth;
    return result;
  }

  /// A life of the node: it claims the shards of the one before.
  void live() {
    const incarnation self{100 + ++lives};
    run_keeper_parts parts;
    parts.runs = database.make_run_store(self);
    parts.claims = *claim_everything(*database.make_membership_store(self), "n1", self);
    parts.catalog = database.make_catalog_store();
    parts.codec = &codec;
    parts.load_plan = [this](const source_row&) -> caf::expected<source_plan_pointer> { return plan(); };
    parts.open_secrets =
      parts.seal_secrets = [](std::string_view text) -> caf::expected<std::string> { return std::string{text}; };
    parts.now = [] { return instant{}; };
    runs = spawn<run_keeper>(std::move(parts));
    if (is_lease_lost_at_begin)
      runs = losing_the_lease(runs);
    auto made = std::make_shared<mining_services>();
    made->keeper = runs;
    made->http = &http;
    made->held = &held;
    made->waiting_for_lease = &waiting;
    made->now = [] { return instant{}; };
    services = made;
    keeper = spawn_keeper();
  }

  /// The same run keeper; the node's lease ends while it begins a refresh.
  run_keeper_actor losing_the_lease(run_keeper_actor inner) {
    auto shell = system.spawn([this, inner](run_keeper_actor::pointer self) -> run_keeper_actor::behavior_type {
      auto pass = [self, inner](const auto& ask) { return self->delegate(inner, ask); };
      return {[=](const load_due& x) { return pass(x); },        [=](const move_due& x) { return pass(x); },
              [=](const load_connection& x) { return pass(x); }, [=](const load_open_runs& x) { return pass(x); },
              [=](const start_run& x) { return pass(x); },       [=](const load_continuations& x) { return pass(x); },
              [=](const resume_continuation& x) { return pass(x); },
              [=](const mark_alone& x) { return pass(x); },      [=](const cancel_run& x) { return pass(x); },
              [=](const suspend_connection& x) { return pass(x); },
              [=, this](const begin_refresh& x) { held.end(); return pass(x); },
              [=](const end_refresh& x) { return pass(x); },     [=](const store_secrets& x) { return pass(x); },
              [=](const adjust_pace& x) { return pass(x); },     [=](const load_tally& x) { return pass(x); },
              [=](const stop_stream& x) { return pass(x); },     [=](const load_pass& x) { return pass(x); },
              [=](const load_marks& x) { return pass(x); },      [=](const load_live& x) { return pass(x); },
              [=](const shards_gained& x) { return pass(x); },   [=](const shards_leaving& x) { return pass(x); },
              [=](const take_command& x) { return pass(x); },    [=](const settle_command& x) { return pass(x); },
              [=](const load_live_connections& x) { return pass(x); },
              [=](const load_dead_letter& x) { return pass(x); }, [=](const remove_dead_letter& x) { return pass(x); }};
    });
    endings.push_back([shell] { caf::anon_send_exit(shell, caf::exit_reason::kill); });
    return shell;
  }

  credential_keeper_actor spawn_keeper() {
    auto loaded = ask<connection_pointer>(runs, load_connection{connection.id});
    EXPECT_TRUE(loaded) << to_string(loaded.error());
    return spawn<credential_keeper>(services, *loaded, 0u);
  }

  void crash() {
    caf::anon_send_exit(keeper, caf::exit_reason::kill);
    caf::anon_send_exit(runs, caf::exit_reason::kill);
    run();
    live();
  }

  void ask_token(const credential_keeper_actor& whom, const std::string& rejected = "") {
    system.spawn([this, whom, rejected](caf::event_based_actor* self) {
      self->request(whom, caf::infinite, ask_access_token{rejected})
        .then([this](access_token& token) { tokens.push_back(token.value); },
              [this](caf::error& why) { errors.push_back(std::move(why)); });
    });
    run();
  }
  void ask_token() { ask_token(keeper); }

  void deliver(http_result result) {
    http.answer_any(std::move(result));
    ASSERT_TRUE(http.deliver_next());
    run();
  }
  void deliver(int status, std::string body) {
    http_response response;
    response.status = status;
    response.body = std::move(body);
    deliver(std::move(response));
  }
  void grant(const std::string& access, const std::string& successor) {
    deliver(200, R"({"access_token":")" + access + R"(","refresh_token":")" + successor + R"(","expires_in":1800})");
  }

  /// The refresh tokens that were sent, in order.
  std::vector<std::string> sent() const {
    std::vector<std::string> out;
    for (const auto& request : http.requests()) {
      auto at = request.body.find("refresh_token=") == 0 ? 0 : request.body.find("&refresh_token=") + 1;
      auto text = request.body.substr(at + 14);
      out.push_back(text.substr(0, text.find('&')));
    }
    return out;
  }
  std::string secrets() { return catalog->load_connection(connection.id)->sealed_secrets; }
  std::string last_error() const { return errors.empty() ? "no error" : message_of(errors.back()); }
};

const http_error broken{http_failure::reset, "the connection broke"};

} // namespace

TEST_F(credential_keeper_test, a_successor_is_stored_before_its_access_token_is_handed_out) {
  ask_token();
  database.inject(memory_fault::unavailable, 1);
  grant("a1", "r2");
  EXPECT_THAT(tokens, IsEmpty()) << "the store is away";
  advance(2s);
  EXPECT_THAT(tokens, ElementsAre("a1"));
  EXPECT_EQ(secrets(), R"({"refresh_token":"r2"})");
  ask_token(keeper, "a1");
  grant("a2", "r3");
  EXPECT_THAT(sent(), ElementsAre("r1", "r2"));
  EXPECT_THAT(tokens, ElementsAre("a1", "a2"));
}

TEST_F(credential_keeper_test, nothing_is_sent_before_the_store_knows_that_it_was_begun) {
  database.inject(memory_fault::unavailable, 1);
  ask_token();
  EXPECT_THAT(sent(), IsEmpty());
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0], errc::store_unavailable);
}

TEST_F(credential_keeper_test, after_a_crash_the_next_life_tries_the_old_token_once_more) {
  ask_token();
  crash();
  ask_token();
  EXPECT_THAT(sent(), ElementsAre("r1", "r1"));
  ASSERT_TRUE(http.deliver_next()); // to nobody
  grant("a1", "r2");
  EXPECT_THAT(tokens, ElementsAre("a1"));
  EXPECT_EQ(secrets(), R"({"refresh_token":"r2"})");
}

TEST_F(credential_keeper_test, after_the_second_crash_the_token_is_not_used_again_and_a_person_is_told_what_to_do) {
  ask_token();
  crash();
  ask_token();
  crash();
  ask_token();
  EXPECT_THAT(sent(), ElementsAre("r1", "r1"));
  ASSERT_FALSE(errors.empty());
  EXPECT_EQ(errors.back(), errc::unauthorized);
  EXPECT_THAT(last_error(),
              AllOf(HasSubstr("acme/crm/items: two refreshes were begun"), HasSubstr("authorise the connection again"),
                    HasSubstr("lode connection secrets acme crm FILE"), Not(HasSubstr("r1"))));
}

TEST_F(credential_keeper_test, a_person_may_let_a_given_up_token_be_tried_again) {
  for (int i = 0; i < 2; ++i) {
    ask_token();
    crash();
  }
  ASSERT_FALSE(catalog->set_connection_state(connection.id, activity::active, ""));
  ask_token();
  EXPECT_THAT(sent(), ElementsAre("r1", "r1", "r1"));
}

TEST_F(credential_keeper_test, new_secrets_begin_anew) {
  for (int i = 0; i < 2; ++i) {
    ask_token();
    crash();
  }
  ASSERT_FALSE(catalog->set_connection_secrets(connection.id, R"({"refresh_token":"n1"})"));
  ask_token(spawn_keeper());
  EXPECT_EQ(sent().back(), "n1");
}

TEST_F(credential_keeper_test, a_refusal_after_an_unanswered_refresh_says_what_has_probably_happened) {
  ask_token();
  crash();
  ask_token();
  ASSERT_TRUE(http.deliver_next());
  deliver(400, R"({"status":"BAD_REFRESH_TOKEN"})");
  EXPECT_EQ(errors.back(), errc::unauthorized);
  EXPECT_THAT(last_error(), AllOf(HasSubstr("the token endpoint answered 400"), HasSubstr("was never answered"),
                                  HasSubstr("lode connection secrets acme crm FILE")));
}

TEST_F(credential_keeper_test, a_plain_refusal_blames_no_earlier_refresh) {
  ask_token();
  deliver(400, "{}");
  EXPECT_EQ(errors.back(), errc::unauthorized);
  EXPECT_THAT(last_error(), Not(HasSubstr("earlier")));
}

TEST_F(credential_keeper_test, a_broken_connection_is_an_unanswered_refresh) {
  for (int i = 0; i < 2; ++i) {
    ask_token();
    deliver(broken);
    EXPECT_EQ(errors.back(), errc::unreachable);
  }
  ask_token();
  EXPECT_EQ(errors.back(), errc::unauthorized);
  EXPECT_EQ(sent().size(), 2u);
}

TEST_F(credential_keeper_test, what_was_not_sent_or_not_served_uses_nothing_up) {
  for (int i = 0; i < 3; ++i) {
    ask_token();
    deliver(http_error{http_failure::connect, "refused"});
    ask_token();
    deliver(503, "busy");
    ask_token();
    deliver(429, "slow down");
  }
  ask_token();
  grant("a1", "r2");
  EXPECT_THAT(tokens, ElementsAre("a1"));
}

TEST_F(credential_keeper_test, an_answer_without_a_successor_leaves_the_token_as_it_is) {
  for (int i = 0; i < 4; ++i) {
    ask_token(keeper, tokens.empty() ? "" : tokens.back());
    deliver(200, R"({"access_token":"a)" + std::to_string(i) + "\"}");
  }
  EXPECT_EQ(tokens.size(), 4u);
  EXPECT_EQ(secrets(), R"({"refresh_token":"r1"})");
}

TEST_F(credential_keeper_test, an_answer_without_a_successor_proves_that_no_earlier_refresh_used_the_token_up) {
  for (int i = 0; i < 3; ++i) {
    ask_token(keeper, tokens.empty() ? "" : tokens.back());
    crash();
    ask_token();
    ASSERT_TRUE(http.deliver_next()); // to nobody
    deliver(200, R"({"access_token":"a)" + std::to_string(i) + "\"}");
  }
  EXPECT_THAT(tokens, ElementsAre("a0", "a1", "a2")) << last_error();
  EXPECT_EQ(secrets(), R"({"refresh_token":"r1"})");
}

TEST_F(credential_keeper_test, a_keeper_that_is_told_to_go_stays_until_the_successor_is_stored) {
  ask_token();
  caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
  keeper = nullptr;
  endings.clear(); // nobody holds it any more
  run();
  grant("a1", "r2");
  EXPECT_EQ(secrets(), R"({"refresh_token":"r2"})");
  caf::anon_send_exit(runs, caf::exit_reason::kill);
}

TEST_F(credential_keeper_test, its_heir_waits_for_it_and_goes_on_with_the_successor) {
  auto heir = spawn_keeper(); // with the secrets of before
  ask_token();
  caf::anon_send_exit(keeper, caf::exit_reason::user_shutdown);
  ask_token(heir);
  EXPECT_THAT(sent(), ElementsAre("r1"));
  grant("a1", "r2");
  EXPECT_THAT(sent(), ElementsAre("r1", "r2"));
  grant("a2", "r3");
  EXPECT_EQ(tokens.back(), "a2");
}

TEST_F(credential_keeper_test, a_stop_of_the_node_waits_for_the_answer) {
  ask_token();
  caf::anon_send_exit(runs, caf::exit_reason::user_shutdown);
  run();
  grant("a1", "r2");
  EXPECT_EQ(secrets(), R"({"refresh_token":"r2"})");
}

TEST_F(credential_keeper_test, secrets_that_a_person_gave_meanwhile_are_not_overwritten) {
  ask_token();
  ASSERT_FALSE(catalog->set_connection_secrets(connection.id, R"({"refresh_token":"n1"})"));
  grant("a1", "r2");
  EXPECT_EQ(secrets(), R"({"refresh_token":"n1"})");
  EXPECT_EQ(errors.back(), errc::stale_version);
  ask_token();
  EXPECT_EQ(sent().back(), "n1");
}

TEST_F(credential_keeper_test, a_zombie_does_not_use_the_token) {
  auto zombie = keeper;
  live();
  ask_token(zombie);
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_EQ(errors.back(), errc::not_owner);
}

TEST_F(credential_keeper_test, a_token_that_can_be_used_again_is_not_written_down) {
  is_single_use = false;
  crash();
  for (int i = 0; i < 4; ++i) {
    ask_token();
    crash();
  }
  EXPECT_EQ(sent().size(), 4u);
}

TEST_F(credential_keeper_test, nothing_is_sent_or_begun_without_the_nodes_lease_and_the_wait_uses_up_nothing) {
  held.end();
  ask_token();
  advance(5s);
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_EQ(waiting, 1);
  renew_for_ever(held);
  advance(1s);
  EXPECT_EQ(waiting, 0);
  grant("a1", "r2");
  EXPECT_THAT(tokens, ElementsAre("a1"));
}

TEST_F(credential_keeper_test, a_lease_that_ends_while_a_refresh_is_begun_lets_nothing_out_and_leaves_the_token_unused) {
  // As for a process that was stopped while the store answered. Were these two lives counted as begun, the third would give up.
  is_lease_lost_at_begin = true;
  for (int i = 0; i < 2; ++i) {
    crash();
    renew_for_ever(held);
    ask_token();
    EXPECT_FALSE(held.holds());
  }
  EXPECT_THAT(sent(), IsEmpty());
  is_lease_lost_at_begin = false;
  crash();
  renew_for_ever(held);
  ask_token();
  grant("a1", "r2");
  EXPECT_THAT(sent(), ElementsAre("r1"));
  EXPECT_THAT(tokens, ElementsAre("a1"));
}

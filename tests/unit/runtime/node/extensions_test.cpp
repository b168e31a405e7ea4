#include "runtime/node/extensions.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include "actors/scheduling/schedule.hpp"
#include "runtime/node/manifest_inspection.hpp"
#include "runtime/node/manifest_loading.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/mining_fixtures.hpp"
#include "tests/unit/runtime/manifest/manifest_text.hpp"

using namespace lode;
using testing::HasSubstr;

namespace {

/// Drops every record: enough to be told from the others.
struct drop_step final : processor_step {
  step_result apply(json_tree&, const step_inputs&) const override { return {step_result::fate::drop, {}}; }
};

/// What Lode brings and one of each kind of the test's own, all by the name "own".
struct extensions_test : actor_test {
  extensions known = builtin_extensions();

  extensions_test() {
    EXPECT_FALSE(known.miners.add("own", [this](caf::actor_system&, const miner_job&) {
      return spawn_fake<miner_actor>([](go_on) {}, [](permit_granted) {}, [](response_arrived&) {}, [](page_parsed&) {},
                                     [](page_unreadable&) {}, [](page_committed) {}, [](page_refused) {}, [](finish_page) {},
                                     [](timer_fired) {});
    }));
    EXPECT_FALSE(known.steps.add("own", [](const step_request&) { return std::make_shared<const drop_step>(); }));
    EXPECT_FALSE(known.listeners.add("own", [this](caf::actor_system&, const listener_job& job) {
      return spawn_fake<listener_actor>(
        [job](start_listening) { caf::anon_send(job.owner, listening_began{job.connection->connection}); },
        [](const messages_settled&) {}, [](const webhook_arrived&) {}, [](timer_fired) {});
    }));
    EXPECT_FALSE(known.sinks.add("own", [this](caf::actor_system&, const sink_job&) {
      return spawn_fake<sink_actor>(
        [](const deliver_changes& ask) { return changes_delivered{ask.shard, ask.changes.back().seq}; }, [](timer_fired) {});
    }));
    EXPECT_FALSE(known.schedules.add("own", {{"own"}, [](const boost::json::object&) {
                                               return caf::expected<schedule_policy_pointer>{
                                                 make_interval_policy(std::chrono::hours{7})};
                                             }}));
  }

  manifest_setup setup() const { return manifest_setup_of({}, known); }
};

template <class Registry>
std::string refusal(const Registry& registry) {
  auto found = registry.find("nobody");
  return found ? "" : message_of(found.error());
}

} // namespace

TEST_F(extensions_test, an_unknown_name_of_each_kind_is_answered_with_the_known_ones) {
  EXPECT_EQ(refusal(known.miners), "there is no miner 'nobody'; known: manifest, own");
  EXPECT_EQ(refusal(known.steps), "there is no processor step 'nobody'; known: own, redact");
  EXPECT_EQ(refusal(known.listeners), "there is no listener 'nobody'; known: own, webhook, websocket");
  EXPECT_EQ(refusal(known.sinks), "there is no sink 'nobody'; known: own");
  EXPECT_EQ(refusal(known.schedules), "there is no schedule policy 'nobody'; known: cron, interval, manual, own");
}

TEST_F(extensions_test, a_source_names_its_miner_and_its_steps) {
  auto loaded = load_manifest_text(std::string{manifest_text{.stream = "    x-lode: {miner: own, steps: [{own: {}}]}\n"}},
                                   "test.yaml", setup());
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  const auto& lode = loaded.plan->streams.at(0).lode;
  EXPECT_EQ(lode.miner, "own");
  ASSERT_EQ(lode.steps.size(), 1u);
  EXPECT_TRUE(miners_by_name(known.miners)(system, miner_job{{}, item_connection(1, loaded.plan), {}, 0, {}, {}, {}}));
}

TEST_F(extensions_test, a_source_may_name_every_listener_of_its_node) {
  for (auto name : {"own", "websocket", "webhook"})
    EXPECT_TRUE(setup().listeners.contains(name)) << name;
  auto source = [](const std::string& listener) {
    return std::string{manifest_text{.stream = "    x-lode: {live: {listener: " + listener
                                               + ", settings: {}, messages: [{payload: full}]}}\n"}};
  };
  auto loaded = load_manifest_text(source("own"), "test.yaml", setup());
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  EXPECT_EQ(loaded.plan->live.at(0).listener, "own");
  EXPECT_THAT(messages(load_manifest_text(source("smoke"), "test.yaml", setup())),
              testing::ElementsAre(HasSubstr("there is no listener 'smoke'; known: own, webhook, websocket")));
}

TEST_F(extensions_test, a_node_refuses_a_source_whose_miner_it_does_not_have) {
  std::string text = manifest_text{.stream = "    x-lode: {miner: soap}\n"};
  auto told = inspect_manifest("calls", text, setup());
  EXPECT_FALSE(told.is_usable);
  EXPECT_THAT(to_string(told.notes.at(0)), testing::AllOf(HasSubstr("calls.yaml:8"), HasSubstr("'soap'; known: manifest, own")));
  auto plan = load_plan({{}, "calls", "v1", text}, setup());
  ASSERT_FALSE(plan);
  EXPECT_THAT(message_of(plan.error()), HasSubstr("there is no miner 'soap'"));
}

TEST_F(extensions_test, a_schedule_of_ones_own_is_read_by_the_name_of_its_first_key) {
  auto schedule = parse_schedule(R"({"own":1})", known.schedules);
  ASSERT_TRUE(schedule) << message_of(schedule.error());
  EXPECT_EQ(schedule->policy->next(instant{}, instant{}), instant{std::chrono::hours{7}});
}

TEST_F(extensions_test, a_listener_made_by_name_tells_its_owner_when_nothing_is_missed_any_more) {
  std::vector<connection_id> began;
  auto owner = spawn_fake<listener_owner_actor>([&](listening_began msg) { began.push_back(msg.connection); },
                                                [](still_listening) {}, [](const listening_ended&) {},
                                                [](const messages_heard&) {});
  auto listener = (**known.listeners.find("own"))(system, {item_connection(1, item_plan()), 0, {}, {}, owner});
  caf::anon_send(listener, start_listening{});
  run();
  EXPECT_EQ(began, std::vector<connection_id>{connection_id{10}});
}

TEST_F(extensions_test, a_sink_made_by_name_says_up_to_where_changes_are_safe) {
  auto sink = (**known.sinks.find("own"))(system, {"warehouse", "{}", {}});
  deliver_changes delivery{shard_id{3}, {}};
  for (int64_t seq : {7, 8})
    delivery.changes.push_back({seq, {}, {}, {}, change_kind::inserted, "k", "{}", {}});
  auto answer = ask<changes_delivered>(sink, delivery);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->seq, 8);
}

#include "runtime/node/extensions.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>

#include "actors/extraction/mining_services.hpp"
#include "actors/scheduling/schedule.hpp"
#include "runtime/manifest/component.hpp"
#include "runtime/manifest/yaml_reader.hpp"
#include "runtime/node/actor_census.hpp"
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

/// A stream without records.
struct empty_pages final : page_protocol {
  caf::expected<http_request> request(const stream_plan& stream, const request_inputs& inputs) const override {
    return build_request(stream, inputs);
  }
  caf::expected<std::vector<json_node>> records(const page_request&, json_node) const override { return std::vector<json_node>{}; }
  caf::expected<paging_step> follow(const page_request& page, json_node, const page_facts&, expression::context&) const override {
    return end_slice(page);
  }
};

/// What Lode brings and one of each kind of the test's own, all by the name "own".
struct extensions_test : actor_test {
  extensions known = builtin_extensions();

  extensions_test() {
    auto make_pages = [](const miner_request& asked) {
      asked.settings.refuse_unknown({"colour"});
      return std::make_shared<const empty_pages>();
    };
    EXPECT_FALSE(known.miners.add("own", {make_pages, {.extractor = true}}));
    EXPECT_FALSE(known.steps.add("own", [](const step_request& asked) {
      asked.settings.refuse_unknown({"colour"});
      return std::make_shared<const drop_step>();
    }));
    EXPECT_FALSE(known.listeners.add("own", [this](const listener_request& asked) -> listener_spawner {
      asked.settings.refuse_unknown({"colour"});
      return [this](caf::actor_system&, const listener_job& job) {
        return spawn_fake<listener_actor>(
          [job](start_listening) { caf::anon_send(job.owner, listening_began{job.connection->connection}); },
          [](const messages_settled&) {}, [](const webhook_arrived&) {}, [](timer_fired) {});
      };
    }));
    EXPECT_FALSE(known.sinks.add("own", [this](const sink_request&) -> sink_spawner {
      return [this](caf::actor_system&, const sink_job&) {
        return spawn_fake<sink_actor>([](const deliver_changes& told) { return told.changes.size(); });
      };
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
  EXPECT_TRUE(stream_pages{loaded.plan->streams.at(0)}.is_own());
  ASSERT_EQ(lode.steps.size(), 1u);
}

TEST_F(extensions_test, settings_of_each_kind_are_refused_where_they_stand) {
  auto complaints = [&](const std::string& x_lode) {
    return messages(load_manifest_text(std::string{manifest_text{.stream = "    x-lode:\n" + x_lode}}, "test.yaml", setup()));
  };
  EXPECT_THAT(complaints("      miner:\n        own: {color: red}\n"),
              testing::ElementsAre("test.yaml:10: error: #/streams/0/x-lode/miner/own/color: unknown key 'color'; allowed here: colour"));
  EXPECT_THAT(complaints("      miner: {manifest: {color: red}}\n"),
              testing::ElementsAre(HasSubstr("test.yaml:9: error: #/streams/0/x-lode/miner/manifest/color: unknown key 'color'")));
  EXPECT_THAT(complaints("      steps:\n        - own: {color: red}\n"),
              testing::ElementsAre("test.yaml:10: error: #/streams/0/x-lode/steps/0/own/color: unknown key 'color'; allowed here: colour"));
  EXPECT_THAT(complaints("      live:\n        listener: own\n        settings: {color: red}\n        messages: [{payload: full}]\n"),
              testing::ElementsAre("test.yaml:11: error: #/streams/0/x-lode/live/settings/color: unknown key 'color'; allowed here: colour"));
}

TEST_F(extensions_test, a_schedule_says_which_key_is_wrong_what_was_found_and_what_is_allowed) {
  auto complaint = [&](const char* text) {
    auto read = parse_schedule(text, known.schedules);
    return read ? "" : message_of(read.error());
  };
  EXPECT_EQ(complaint(R"({"every":"often"})"), R"(schedule: every: "often", allowed is a duration from 1s to 366d such as "15m" or "1h30m")");
  EXPECT_THAT(complaint(R"({"own":1,"colour":"red"})"), HasSubstr(R"(colour: "red", allowed is no such key; with 'own' there can be)"));
}

TEST_F(extensions_test, a_source_may_name_every_listener_of_its_node) {
  auto source = [](const std::string& listener) {
    return std::string{manifest_text{.stream = "    x-lode: {live: {listener: " + listener
                                               + ", settings: {}, messages: [{payload: full}]}}\n"}};
  };
  auto loaded = load_manifest_text(source("own"), "test.yaml", setup());
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  EXPECT_EQ(loaded.plan->live.at(0).listener, "own");
  for (auto [name, settings] : {std::pair{"websocket", "{url: wss://x}"}, std::pair{"webhook", "{}"}}) {
    auto text = source(name);
    text.replace(text.find("settings: {}"), 12, std::string{"settings: "} + settings);
    EXPECT_TRUE(load_manifest_text(text, "test.yaml", setup()).plan) << name;
  }
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

TEST_F(extensions_test, a_manifest_that_was_put_anew_is_inspected_anew) {
  manifest_memory memory{setup()};
  const std::string text = manifest_text{};
  EXPECT_TRUE(memory.inspect("calls", text).is_usable);
  EXPECT_TRUE(memory.inspect("calls", text).is_usable);
  EXPECT_FALSE(memory.inspect("calls", "version: 1").is_usable);
  EXPECT_TRUE(memory.inspect("calls", text).is_usable);
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
  auto source = std::string{manifest_text{.stream = "    x-lode: {live: {listener: own, settings: {}, messages: [{payload: full}]}}\n"}};
  auto loaded = load_manifest_text(source, "test.yaml", setup());
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  activity_board board;
  auto services = std::make_shared<mining_services>();
  services->board = &board;
  auto listener = spawn_listener(system, {item_connection(1, loaded.plan), 0, services, {}, owner});
  caf::anon_send(listener, start_listening{});
  run();
  EXPECT_EQ(began, std::vector<connection_id>{connection_id{10}});
  EXPECT_EQ(board.counts().at("lode.listener.own").running, 1) << "it is shown";
  EXPECT_EQ(parent_of("lode.listener.own"), "lode.capture");
  send_exit(listener, caf::exit_reason::user_shutdown);
  EXPECT_EQ(board.counts().at("lode.listener.own").running, 0);
}

TEST_F(extensions_test, a_sink_made_by_name_says_when_changes_are_safe) {
  compilation read{"sink.yaml", {}, {}};
  const component settings{read, read_yaml("{}", "sink.yaml", read.notes), "#"};
  auto spawn = (**known.sinks.find("own"))({settings});
  auto sink = spawn(system, {"warehouse", "n1", nullptr});
  delivered_change change;
  change.seq = 7;
  change.key = "k";
  change.payload = "{}";
  deliver_changes delivery{1, shard_id{3}, {change}};
  EXPECT_EQ(ask<size_t>(sink, delivery), size_t{1});
}

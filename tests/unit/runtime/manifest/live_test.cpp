#include "manifest_text.hpp"

#include <filesystem>
#include <fstream>

#include "runtime/manifest/component.hpp"
#include "runtime/manifest/lint.hpp"
#include "runtime/manifest/listener_kind.hpp"
#include "runtime/registry.hpp"

namespace lode {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto socket_settings = "        settings: {url: \"wss://x\", idle_timeout: 60s, confirmed_by: {field: ok, equals: true}}\n";
constexpr auto plain_rule = "        messages: [{payload: full, delete_when: {field: op, equals: delete}}]\n";
constexpr auto a_fetch = "        fetch: {path: \"items/{{ key }}\"}\n";

/// `x-lode.live` with these lines below it, at the indentation of 8.
std::string live(const std::string& lines, const std::string& x_lode = "      ordering_field: at\n      ordering_format: \"%s\"\n") {
  return manifest_text{.stream = "    x-lode:\n" + x_lode + "      live:\n" + lines};
}

std::string websocket(const std::string& lines) {
  return live("        listener: websocket\n" + lines);
}

std::vector<std::string> mistakes(const std::string& text) {
  return messages(load(text));
}

TEST(live, reads_all_that_a_websocket_declares) {
  auto loaded = load(live(R"(        listener: websocket
        enabled: "{{ 'live_url' in config }}"
        settings:
          url: "{{ config['live_url'] }}/live"
          headers: {Authorization: "Bearer {{ config['token'] }}"}
          subprotocols: [lode.v1, lode.v2]
          subscribe: ['{"type":"subscribe"}', '{"type":"more"}']
          confirmed_by: [{field: [type], equals: subscribed}, {field: [data, n], equals: 5}]
          heartbeat: {every: 20s, message: '{"type":"ping"}'}
          idle_timeout: 60s
          max_message: 1MiB
          acknowledge: '{"id":"{{ event_id }}"}'
          resume: '{"after":"{{ event_id }}"}'
        max_event_delay: 5s
        event_id: {field: [id]}
        messages:
          - when: {field: [stream], equals: items}
            each: [events]
            delete_when: {field: [operation], equals: [delete, purge]}
            payload: full
            record: [record]
            key: [[key]]
            order: [sent_at]
            order_format: "%ms"
          - payload: patch
            key: [[ref, id]]
        fetch: {path: "items/{{ key }}", parameters: {fields: all}, record: [item]}
)"));
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  ASSERT_EQ(loaded.plan->live.size(), 1u);
  const auto& plan = loaded.plan->live[0];
  EXPECT_EQ(plan.listener, "websocket");
  EXPECT_THAT(plan.settings, HasSubstr(R"("max_message":"1MiB")"));
  EXPECT_THAT(plan.streams, ElementsAre(0u));
  EXPECT_EQ(plan.event_id.field, field_path{"id"});
  ASSERT_TRUE(plan.enabled);
  const auto& socket = std::get<websocket_settings>(plan.typed);
  EXPECT_EQ(socket.url.source(), "{{ config['live_url'] }}/live");
  ASSERT_EQ(socket.headers.size(), 1u);
  EXPECT_EQ(socket.subprotocols.size(), 2u);
  EXPECT_EQ(socket.subscribe.size(), 2u);
  ASSERT_EQ(socket.confirmed_by.size(), 2u);
  EXPECT_EQ(socket.confirmed_by[1].place.field, (field_path{"data", "n"}));
  EXPECT_THAT(socket.confirmed_by[1].texts, ElementsAre("5"));
  ASSERT_TRUE(socket.heartbeat && socket.heartbeat->message);
  EXPECT_EQ(socket.heartbeat->every, 20s);
  EXPECT_EQ(socket.idle_timeout, 60s);
  EXPECT_EQ(socket.max_message_bytes, 1u << 20);
  EXPECT_TRUE(socket.acknowledge && socket.resume.size() == 1);
  const auto& stream = *loaded.plan->streams[0].lode.live;
  EXPECT_EQ(stream.max_event_delay, 5s);
  ASSERT_EQ(stream.rules.size(), 2u);
  EXPECT_EQ(stream.rules[0].each, field_path{"events"});
  EXPECT_THAT(stream.rules[0].delete_when.at(0).texts, ElementsAre("delete", "purge"));
  EXPECT_EQ(stream.rules[0].record, field_path{"record"});
  EXPECT_EQ(stream.rules[0].key, std::vector<field_path>{{"key"}});
  EXPECT_EQ(stream.rules[0].order_format, "%ms");
  EXPECT_FALSE(stream.rules[1].each);
  EXPECT_EQ(stream.rules[1].payload, live_payload::patch);
  EXPECT_EQ(stream.rules[1].key, (std::vector<field_path>{{"ref", "id"}}));
  ASSERT_TRUE(stream.fetch);
  EXPECT_EQ(stream.fetch->record, field_path{"item"});
}

TEST(live, reads_all_that_a_webhook_declares) {
  auto loaded = load(live(R"(        listener: webhook
        settings:
          signature:
            header: X-Signature
            prefix: sha1=
            algorithm: hmac_sha1
            encoding: base64
            signs: "v0:{{timestamp}}:{{ method }}https://{{ config['host'] }}{{ path }}{{ body }}"
            secret: "{{ config['secret'] }}"
            timestamp: {header: X-Time, format: "%s", max_age: 5m}
          challenge: {query: challenge}
          account: {field: [portalId], equals: "{{ config['portal'] }}"}
          sweep_every: 5m
        messages: [{each: [], payload: notice, key: [[id]]}]
        event_id: {header: X-Id}
)" + std::string{a_fetch}));
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  const auto& hook = std::get<webhook_settings>(loaded.plan->live.at(0).typed);
  ASSERT_TRUE(hook.signature);
  EXPECT_EQ(hook.signature->prefix, "sha1=");
  EXPECT_EQ(hook.signature->by, webhook_signature::algorithm::hmac_sha1);
  EXPECT_EQ(hook.signature->as, webhook_signature::encoding::base64);
  std::vector<signed_part::source> parts;
  for (auto& part : hook.signature->parts)
    parts.push_back(part.what);
  using from = signed_part::source;
  EXPECT_THAT(parts, ElementsAre(from::text, from::timestamp, from::text, from::method, from::text, from::text, from::path, from::body));
  EXPECT_EQ(hook.signature->max_age, 5min);
  EXPECT_EQ(hook.challenge_query, "challenge");
  EXPECT_EQ(hook.account->place.field, field_path{"portalId"});
  EXPECT_EQ(hook.sweep_every, 5min);
  EXPECT_EQ(loaded.plan->live[0].event_id.header, "X-Id");
  EXPECT_EQ(loaded.plan->streams[0].lode.live->rules.at(0).each, field_path{});
}

TEST(live, finds_the_key_of_a_delete_in_its_record_where_no_rule_says_otherwise) {
  auto text = websocket(std::string{socket_settings} + "        messages: [{payload: full, record: [data, item]}]\n");
  auto stream = load_stream(text);
  ASSERT_TRUE(stream.lode.live);
  EXPECT_EQ(stream.lode.live->rules.at(0).key, (std::vector<field_path>{{"data", "item", "id"}}));
}

TEST(live, names_the_place_of_each_mistake_with_what_was_found_and_expected) {
  EXPECT_THAT(mistakes(live("        listener: smoke\n")),
              ElementsAre(HasSubstr("x-lode/live/listener: there is no listener 'smoke'; known: webhook, websocket"),
                          HasSubstr("x-lode/live: live capture needs 'messages'")));
  EXPECT_THAT(mistakes(live("        listener: websocket\n        message: []\n" + std::string{plain_rule})),
              ElementsAre(HasSubstr("live capture needs 'settings'"), HasSubstr("unknown key 'message'; allowed here: listener, settings, ")));
  auto settings = [](const std::string& keys) {
    return mistakes(websocket("        settings: {" + keys + "}\n" + plain_rule));
  };
  EXPECT_THAT(settings("uri: x"), ElementsAre(HasSubstr("live/settings/uri: unknown key 'uri'; allowed here: url, headers, "),
                                              HasSubstr("live/settings: a websocket needs 'url'")));
  EXPECT_THAT(settings("url: x, max_message: much"), ElementsAre(HasSubstr("settings/max_message: expected a size such as 64KiB or 1MiB")));
  EXPECT_THAT(settings("url: x, heartbeat: {every: often}"), ElementsAre(HasSubstr("heartbeat/every: expected a time such as 500ms")));
  EXPECT_THAT(settings("url: x, heartbeat: {every: 60s}, idle_timeout: 60s"), ElementsAre(HasSubstr("idle_timeout must be longer")));
  EXPECT_THAT(settings("url: \"{{ event_id }}\""), ElementsAre(HasSubstr("settings/url: ")));
  EXPECT_THAT(settings("url: x, acknowledge: ok"), ElementsAre(HasSubstr("acknowledge and resume need 'event_id'")));
  EXPECT_THAT(settings("url: x, confirmed_by: {field: a, header: b, equals: c}"),
              ElementsAre(HasSubstr("confirmed_by: expected either 'field' (a path) or 'header' (a name)"), HasSubstr("no headers")));
  EXPECT_THAT(settings("url: x, confirmed_by: {header: a, equals: b}"), ElementsAre(HasSubstr("a message of a websocket has no headers")));
  EXPECT_THAT(settings("url: x, confirmed_by: {field: a}"), ElementsAre(HasSubstr("a condition needs 'equals'")));
}

TEST(live, says_what_a_rule_lacks_for_its_stream) {
  auto rule = [](const std::string& keys, const std::string& x_lode = "      ordering_field: at\n") {
    return mistakes(live("        listener: websocket\n" + std::string{socket_settings} + a_fetch + "        messages: [{" + keys + "}]\n",
                         x_lode));
  };
  EXPECT_THAT(rule("payload: full"), IsEmpty());
  EXPECT_THAT(rule("when: {field: a, equals: b}"), ElementsAre(HasSubstr("messages/0: a rule needs 'payload': full, patch or notice"),
                                                               HasSubstr("an event without its record needs 'key'")));
  EXPECT_THAT(rule("payload: half, key: [id]"), ElementsAre(HasSubstr("payload: expected one of full, patch, notice, found 'half'")));
  EXPECT_THAT(rule("payload: notice"), ElementsAre(HasSubstr("messages/0: an event without its record needs 'key'")));
  EXPECT_THAT(rule("payload: notice, key: [a, b]"),
              ElementsAre(HasSubstr("messages/0/key: expected one path per field of primary_key (1), found 2")));
  EXPECT_THAT(rule("payload: patch, key: [a], record: [r]"), ElementsAre(HasSubstr("only an event with 'payload: full' holds a record")));
  EXPECT_THAT(rule("payload: full, order: [at]"), ElementsAre(HasSubstr("'order' is the one of a delete")));
  EXPECT_THAT(rule("payload: full, delete_when: {field: a, equals: b}, order: [at]", "      settle_time: 1s\n"),
              ElementsAre(HasSubstr("'order' is compared with x-lode.ordering_field")));
  EXPECT_THAT(rule("payload: full, delete_when: {field: a, equals: b}, order: {header: X}"),
              ElementsAre(HasSubstr("messages/0/order: a message of a websocket has no headers")));
  EXPECT_THAT(rule("payload: full, order_format: '%s'"), ElementsAre(HasSubstr("order_format says how 'order' is written")));
  EXPECT_THAT(rule("payload: full, when: {header: X, equals: y}"), ElementsAre(HasSubstr("a message of a websocket has no headers")));
  EXPECT_THAT(mistakes(websocket(std::string{socket_settings} + "        messages: [{payload: notice, key: [id]}]\n")),
              ElementsAre(HasSubstr("events without their record need 'fetch'")));
}

TEST(live, says_what_is_wrong_with_a_signature) {
  auto signature = [](const std::string& keys) {
    return mistakes(live("        listener: webhook\n        settings: {signature: {" + keys + "}}\n" + plain_rule));
  };
  const std::string whole = "header: X, algorithm: hmac_sha256, encoding: hex, secret: s";
  EXPECT_THAT(signature(whole), IsEmpty());
  EXPECT_THAT(signature("header: X, secret: s"),
              ElementsAre(HasSubstr("a signature needs 'algorithm'"), HasSubstr("a signature needs 'encoding'")));
  EXPECT_THAT(signature("header: X, algorithm: md5, encoding: hex, secret: s"),
              ElementsAre(HasSubstr("signature/algorithm: expected one of hmac_sha256, hmac_sha1, found 'md5'")));
  EXPECT_THAT(signature(whole + ", signs: '{{ timestamp }}{{ body }}'"), ElementsAre(HasSubstr("it signs a timestamp")));
  EXPECT_THAT(signature(whole + ", signs: '{{ body'"), ElementsAre(HasSubstr("expected '}}' behind '{{'")));
  EXPECT_THAT(signature(whole + ", signs: '{{ boddy }}'"), ElementsAre(HasSubstr("signature/signs: ")));
  EXPECT_THAT(signature(whole + ", timestamp: {header: T, format: '%s', max_age: 5m}"),
              ElementsAre(HasSubstr("max_age proves nothing of a timestamp that the signature does not cover")));
  EXPECT_THAT(signature(whole + ", signs: '{{ timestamp }}', timestamp: {header: T, max_age: 5m}"),
              ElementsAre(HasSubstr("max_age needs 'format'")));
}

TEST(live, refuses_streams_whose_events_could_not_become_what_their_pages_become) {
  auto text = websocket(std::string{socket_settings} + plain_rule);
  auto unkeyed = text;
  unkeyed.replace(unkeyed.find("    primary_key: id\n"), 20, "");
  EXPECT_THAT(mistakes(unkeyed), ElementsAre(HasSubstr("live capture needs primary_key")));
  auto with = [&](const std::string& transformations) {
    auto changed = text;
    changed.insert(changed.find("    retriever:"), "    transformations: [" + transformations + "]\n");
    return mistakes(changed);
  };
  EXPECT_THAT(with("{type: AddFields, fields: [{path: [a], value: \"{{ record['b'] }}\"}]}"), IsEmpty());
  EXPECT_THAT(with("{type: AddFields, fields: [{path: [a], value: \"{{ stream_partition['b'] }}\"}]}"),
              ElementsAre(HasSubstr("read the partition that a page was asked for in")));
  EXPECT_THAT(with("{type: AddFields, fields: [{path: [id], value: x}]}"),
              ElementsAre(HasSubstr("transformations may change `id`, a field of primary_key")));
  EXPECT_THAT(with("{type: RemoveFields, field_pointers: [[\"*\", id]]}"), ElementsAre(HasSubstr("transformations may change `id`")));
}

std::string two_streams(const std::string& first, const std::string& second) {
  auto text = std::string{manifest_text{.stream = "    x-lode:\n      live:\n" + first}};
  auto other = std::string{manifest_text{.stream = "    x-lode:\n      live:\n" + second}};
  other = other.substr(other.find("  - type: DeclarativeStream"));
  other.replace(other.find("name: items"), 11, "name: parts");
  return text + other;
}

TEST(live, groups_streams_that_share_a_listener_and_its_settings) {
  const std::string one = "        listener: websocket\n        settings: {url: \"wss://x\"}\n        event_id: {field: id}\n"
                          "        messages: [{payload: full}]\n";
  auto loaded = load(two_streams(one, one));
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  ASSERT_EQ(loaded.plan->live.size(), 1u);
  EXPECT_THAT(loaded.plan->live[0].streams, ElementsAre(0u, 1u));
  auto other = one;
  other.replace(other.find("wss://x"), 7, "wss://y");
  loaded = load(two_streams(one, other));
  ASSERT_EQ(loaded.plan->live.size(), 2u);
  EXPECT_THAT(loaded.plan->live[1].streams, ElementsAre(1u));
  auto nameless = one;
  nameless.replace(nameless.find("field: id"), 9, "field: number");
  EXPECT_THAT(mistakes(two_streams(one, nameless)),
              ElementsAre(HasSubstr("'items' and 'parts' share a listener, and its events have one id")));
}

TEST(live, leaves_the_settings_of_a_listener_of_ones_own_to_its_check) {
  std::string seen;
  listener_registry known{"listener"};
  EXPECT_FALSE(known.add("smoke", [&](const listener_request& asked) -> listener_spawner {
    asked.settings.refuse_unknown({"hill"});
    seen = asked.settings.text("hill");
    return [](caf::actor_system&, const listener_job&) { return listener_actor{}; };
  }));
  manifest_setup setup;
  setup.listeners = &known;
  auto text = live("        listener: smoke\n        settings: {hill: near, fire: big}\n" + std::string{plain_rule});
  auto loaded = load_manifest_text(text, "test.yaml", setup);
  EXPECT_EQ(seen, "near");
  EXPECT_THAT(messages(loaded), ElementsAre(HasSubstr("live/settings/fire: unknown key 'fire'; allowed here: hill")));
  text.replace(text.find(", fire: big"), 11, "");
  loaded = load_manifest_text(text, "test.yaml", setup);
  ASSERT_TRUE(loaded.plan);
  EXPECT_EQ(loaded.plan->live.at(0).settings, R"({"hill":"near"})");
  EXPECT_TRUE(std::holds_alternative<own_listener_settings>(loaded.plan->live[0].typed));
  EXPECT_TRUE(loaded.plan->live[0].made->spawn);
}

TEST(live, a_listener_of_ones_own_may_have_what_is_posted_to_the_node_brought_to_it) {
  listener_registry known{"listener"};
  EXPECT_FALSE(known.add("forms", [](const listener_request& asked) -> made_listener {
    return {[](caf::actor_system&, const listener_job&) { return listener_actor{}; }, read_webhook(asked.settings)};
  }));
  manifest_setup setup;
  setup.listeners = &known;
  auto loaded = load_manifest_text(live("        listener: forms\n        settings: {sweep_every: 1h}\n" + std::string{plain_rule}), "test.yaml", setup);
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  EXPECT_EQ(std::get<webhook_settings>(loaded.plan->live.at(0).typed).sweep_every, std::chrono::hours{1});
}

std::vector<std::string> warnings(const std::string& text) {
  auto name = std::string{testing::UnitTest::GetInstance()->current_test_info()->name()};
  auto file = std::filesystem::path{testing::TempDir()} / ("live-" + name + ".yaml");
  std::ofstream{file} << text;
  std::vector<std::string> out;
  for (auto& each : lint(file).warnings)
    out.push_back(each.message);
  std::filesystem::remove(file);
  return out;
}

TEST(live_lint, has_nothing_to_say_of_what_is_complete) {
  EXPECT_THAT(warnings(websocket(std::string{socket_settings} + plain_rule + a_fetch)), IsEmpty());
}

TEST(live_lint, warns_of_whole_records_in_no_order_that_anybody_knows) {
  auto unordered = [](const std::string& lines) {
    return warnings(live("        listener: websocket\n" + std::string{socket_settings} + a_fetch + lines, "      settle_time: 1s\n"));
  };
  EXPECT_THAT(unordered(plain_rule), ElementsAre(HasSubstr("nothing tells which of two states is newer")));
  EXPECT_THAT(unordered(std::string{plain_rule} + "        max_event_delay: 0s\n"), IsEmpty());
  EXPECT_THAT(unordered("        messages: [{payload: notice, key: [id]}]\n"), IsEmpty()) << "it is fetched again";
}

TEST(live_lint, warns_where_deletes_cannot_be_mapped) {
  EXPECT_THAT(warnings(websocket(std::string{socket_settings} + a_fetch + "        messages: [{payload: full}]\n")),
              ElementsAre(HasSubstr("no rule has delete_when")));
}

TEST(live_lint, warns_of_listeners_that_would_not_notice_silence) {
  auto socket = [](const std::string& keys) {
    return warnings(websocket("        settings: {url: \"wss://x\"" + keys + "}\n" + plain_rule + a_fetch));
  };
  EXPECT_THAT(socket(""), ElementsAre(HasSubstr("neither heartbeat nor idle_timeout")));
  EXPECT_THAT(socket(", heartbeat: {every: 20s}"), IsEmpty());
  EXPECT_THAT(socket(", idle_timeout: 60s, subscribe: hello"), ElementsAre(HasSubstr("no confirmed_by")));
  EXPECT_THAT(warnings(live("        listener: webhook\n        settings: {challenge: {query: c}}\n" + std::string{plain_rule} + a_fetch)),
              ElementsAre(HasSubstr("no signature"), HasSubstr("no sweep_every")));
  EXPECT_THAT(warnings(websocket(std::string{socket_settings} + plain_rule)), ElementsAre(HasSubstr("without fetch")));
}

} // namespace
} // namespace lode

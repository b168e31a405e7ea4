#include "tests/simapi/live/client_message.hpp"
#include "tests/simapi/live/cutter.hpp"
#include "tests/simapi/live/hooks.hpp"
#include "tests/simapi/live/signature.hpp"

#include <gtest/gtest.h>

using namespace simapi;

namespace {

live_event event_of(uint64_t number, uint32_t tenant = 0) {
  return {number, tenant, stream_kind::orders, change_kind::updated, 0, 1, 1714558830000};
}

fault fault_of(fault_kind kind, uint32_t delay_ms = 0) {
  fault made;
  made.kind = kind;
  made.delay_ms = delay_ms;
  return made;
}

std::string numbers(const outgoing_events& events) {
  std::string result;
  for (const auto& each : events)
    result += std::to_string(each.event.number) + ' ';
  return result;
}

hook hook_of(uint32_t tenant, const std::string& url = "http://a:1/x") {
  hook made;
  made.tenant = tenant;
  made.text = url;
  made.url = *parse_hook_url(url);
  made.first_retry_ms = made.most_retry_ms = 100;
  return made;
}

} // namespace

TEST(signatures, are_those_of_rfc_4231) {
  auto made = hmac_sha256("Jefe", "what do ya want for nothing?");
  EXPECT_EQ(to_hex(made), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_base64("any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
  EXPECT_EQ(to_base64(""), "");
}

TEST(delivery_schedule, sends_at_once_what_no_fault_strikes) {
  delivery_schedule plan;
  EXPECT_EQ(numbers(plan.add(event_of(1), {}, 0)), "1 ");
  EXPECT_EQ(plan.waiting(), 0u);
  EXPECT_FALSE(plan.next_due());
}

TEST(delivery_schedule, lets_late_events_go_when_they_are_due) {
  delivery_schedule plan;
  plan.add(event_of(1), fault_of(fault_kind::event_late, 50), 100);
  plan.add(event_of(2), fault_of(fault_kind::event_late, 10), 100);
  EXPECT_EQ(plan.next_due(), 110);
  EXPECT_EQ(numbers(plan.take_due(109)), "");
  EXPECT_EQ(numbers(plan.take_due(150)), "2 1 ");
}

TEST(delivery_schedule, holds_behind_events_of_the_same_tenant_only) {
  delivery_schedule plan;
  plan.add(event_of(1), fault_of(fault_kind::event_reordered, 1000), 0);
  EXPECT_EQ(numbers(plan.add(event_of(7, 5), {}, 0)), "7 ");
  EXPECT_EQ(numbers(plan.add(event_of(2), {}, 0)), "2 1 ");
  EXPECT_EQ(plan.waiting(), 0u);
}

TEST(delivery_schedule, gives_a_held_event_up_by_time_or_by_name) {
  delivery_schedule plan;
  plan.add(event_of(1), fault_of(fault_kind::event_reordered, 10), 0);
  plan.add(event_of(2), fault_of(fault_kind::event_reordered, 10), 0);
  EXPECT_EQ(plan.waiting(), 2u); // what is held itself lets nothing pass
  EXPECT_EQ(numbers(plan.take(0, 2)), "2 ");
  EXPECT_EQ(numbers(plan.take(0, 2)), "");
  EXPECT_EQ(numbers(plan.take_due(10)), "1 ");
  EXPECT_EQ(numbers(plan.add(event_of(3), {}, 0)), "3 ");
}

TEST(retries, wait_longer_each_time_up_to_a_bound) {
  for (uint64_t hash : {uint64_t{0}, ~uint64_t{0}}) {
    EXPECT_LE(retry_delay(1, 100, 1000, hash), 100);
    EXPECT_GE(retry_delay(1, 100, 1000, hash), 50);
    EXPECT_LE(retry_delay(3, 100, 1000, hash), 400);
    EXPECT_GE(retry_delay(3, 100, 1000, hash), 200);
    EXPECT_LE(retry_delay(99, 100, 1000, hash), 1000);
    EXPECT_GE(retry_delay(99, 100, 1000, hash), 500);
  }
}

TEST(hook_table, makes_one_request_at_a_time_for_each_hook) {
  hook_table table{7};
  table.add(hook_of(0));
  table.add(hook_of(1));
  for (uint64_t number : {1u, 2u})
    for (uint32_t tenant : {0u, 1u})
      table.push({event_of(number, tenant)});
  auto one = table.take(0), other = table.take(0);
  ASSERT_TRUE(one && other);
  EXPECT_NE(one->hook, other->hook);
  EXPECT_FALSE(table.take(0));
  table.finish(*one, 200, 0);
  EXPECT_EQ(numbers(table.take(0)->events), "2 ");
  EXPECT_EQ(table.waiting(), 3u);
}

TEST(hook_table, repeats_what_was_refused_and_lets_others_pass_meanwhile) {
  hook_table table{7};
  table.add(hook_of(0));
  table.push({event_of(1)});
  table.push({event_of(2)});
  table.finish(*table.take(0), 500, 0);
  auto second = table.take(0);
  EXPECT_EQ(numbers(second->events), "2 ");
  table.finish(*second, 200, 0);
  EXPECT_FALSE(table.take(0));
  EXPECT_EQ(table.waiting(), 1u);
  auto again = table.take(*table.next_due());
  EXPECT_EQ(numbers(again->events), "1 ");
  EXPECT_EQ(again->attempts, 1u);
  table.finish(*again, 204, 200);
  EXPECT_EQ(table.waiting(), 0u);
}

TEST(hook_table, keeps_to_its_requests_per_server) {
  hook_table table{7};
  table.requests_per_server = 1;
  table.add(hook_of(0));
  table.add(hook_of(1));
  table.add(hook_of(2, "http://b/y"));
  for (uint32_t tenant : {0u, 1u, 2u})
    table.push({event_of(1, tenant)});
  auto one = table.take(0), other = table.take(0);
  EXPECT_NE(one->server, other->server);
  EXPECT_FALSE(table.take(0));
  table.remove(one->hook);
  EXPECT_FALSE(table.finish(*one, 200, 0)); // it is gone, its place is free
  EXPECT_TRUE(table.take(0));
}

TEST(hook_table, forgets_what_a_journal_says_was_answered) {
  hook_table table{7};
  auto id = table.add(hook_of(0));
  EXPECT_EQ(table.add(hook_of(0)), id);
  table.push({event_of(1)});
  table.forget(id, 1);
  table.forget(id, 1);
  table.forget(99, 1);
  EXPECT_EQ(table.waiting(), 0u);
  EXPECT_FALSE(table.take(0));
}

TEST(hook_urls, are_read_strictly) {
  auto url = parse_hook_url("http://example.test:8080/hooks/shop?a=b");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->server(), "example.test:8080");
  EXPECT_EQ(url->path, "/hooks/shop?a=b");
  EXPECT_EQ(parse_hook_url("http://h")->path, "/");
  for (auto bad : {"", "https://h/", "http:///x", "http://h:0/", "http://h:x/", "http://h/a b"})
    EXPECT_FALSE(parse_hook_url(bad)) << bad;
}

TEST(client_messages, are_read_or_refused_with_a_reason) {
  auto said = read_client_message(R"({"type":"subscribe","streams":["posts"],"after":"1_2"})");
  EXPECT_EQ(said.is, client_message::kind::subscribe);
  EXPECT_EQ(said.streams, 1u);
  EXPECT_EQ(said.after, "1_2");
  EXPECT_EQ(subscribed_message(said, true), R"({"type":"subscribed","streams":["posts"],"resumed":true})");
  for (auto bad : {"", "[]", "{}", R"({"type":1})", R"({"type":"subscribe","streams":[]})", R"({"type":"subscribe","streams":[1]})"}) {
    EXPECT_EQ(read_client_message(bad).is, client_message::kind::unknown) << bad;
    EXPECT_FALSE(read_client_message(bad).problem.empty()) << bad;
  }
}

TEST(cutters, hit_a_share_and_the_same_ones_for_the_same_seed) {
  cutter by;
  by.share = 0.25;
  int hits = 0;
  for (uint64_t connection = 1; connection <= 1000; ++connection) {
    EXPECT_EQ(by.hits(7, "graph-000", connection), by.hits(7, "graph-000", connection));
    hits += by.hits(7, "graph-000", connection);
  }
  EXPECT_NEAR(hits, 250, 60);
  by.tenants = {"graph-003"};
  by.share = 1;
  EXPECT_FALSE(by.hits(7, "graph-000", 1));
  EXPECT_TRUE(by.hits(7, "graph-003", 1));
}

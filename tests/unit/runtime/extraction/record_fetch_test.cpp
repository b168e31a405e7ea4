#include "runtime/extraction/record_fetch.hpp"

#include "live_support.hpp"

namespace lode {

using namespace lode::testing;
using ::testing::HasSubstr;

namespace {

caf::expected<http_request> ask_for(const source_plan_pointer& source, const std::string& stream, std::string_view key) {
  const auto config = live_config();
  return build_fetch(*source->find(stream), {config, key, "oauth-token", at(0)});
}

fetch_answer answered(const source_plan_pointer& source, const std::string& stream, std::string_view key, int status,
                      std::string_view body) {
  json_document scratch;
  record_scratch records;
  std::vector<http_header> headers;
  received_response response{status, headers, body, scratch};
  const auto config = live_config();
  return read_fetched(*source->find(stream), response, key, {0, 0, at(0), 0.5, config}, 42, records);
}

using outcome = fetch_answer::outcome;

} // namespace

TEST(record_fetch_test, example_sources_ask_for_one_record_where_their_apis_have_it) {
  auto graph = ask_for(example("graph"), "comments", "5_1");
  ASSERT_TRUE(graph) << why(graph);
  EXPECT_EQ(graph->method, "GET");
  EXPECT_EQ(graph->url, "https://api.test/v1/5_1?access_token=t0ken");
  auto crm = ask_for(example("crm"), "contacts", "512");
  ASSERT_TRUE(crm) << why(crm);
  EXPECT_EQ(crm->url, "https://api.test/v1/objects/contacts/512");
  EXPECT_EQ(*find_header(crm->headers, "Authorization"), "Bearer oauth-token");
  auto shop = ask_for(example("shop"), "orders", "8000000000000000001");
  ASSERT_TRUE(shop) << why(shop);
  EXPECT_EQ(shop->url, "https://api.test/v1/orders/8000000000000000001.json");
  EXPECT_EQ(*find_header(shop->headers, "X-Shop-Access-Token"), "k");
  EXPECT_EQ(shop->timeouts.total, std::chrono::seconds{10});
}

TEST(record_fetch_test, a_key_stays_one_segment_of_the_path) {
  auto graph = example("graph");
  EXPECT_EQ(ask_for(graph, "posts", "a/../b?c#d:e")->url, "https://api.test/v1/a%2F..%2Fb%3Fc%23d%3Ae?access_token=t0ken");
  for (auto key : {".", ".."})
    EXPECT_FALSE(ask_for(graph, "posts", key)) << key;
}

TEST(record_fetch_test, a_key_of_several_fields_is_asked_for_by_each) {
  auto plan = *live_source("        listener: websocket\n        settings: {url: x}\n        messages: [{payload: full}]\n");
  plan.streams[0].primary_key = {{"a"}, {"b"}};
  auto live = *plan.streams[0].lode.live;
  live.fetch->path = code("x/{{ keys[0] }}/y/{{ keys[1] }}");
  live.fetch->parameters = {{code("raw"), code("{{ keys[0] }}")}};
  plan.streams[0].lode.live = std::make_shared<const stream_live>(live);
  auto source = std::make_shared<const source_plan>(plan);
  auto request = ask_for(source, "items", R"(["p q",7])");
  ASSERT_TRUE(request) << why(request);
  EXPECT_EQ(request->url, "https://api.test/v1/x/p%20q/y/7?raw=p+q");
  EXPECT_FALSE(ask_for(source, "items", "p"));
}

TEST(record_fetch_test, what_is_found_is_what_a_page_makes_of_it) {
  struct fact {
    const char *source, *stream, *answer, *page, *key;
  };
  for (const auto& each : {fact{"shop", "orders", R"({"order":{"updated_at":"2024-05-01T10:20:30+00:00","id":8000000000000000001}})",
                                R"({"orders":[{"id":8000000000000000001,"updated_at":"2024-05-01T10:20:30+00:00"}]})", "8000000000000000001"},
                           fact{"crm", "contacts", R"({"updatedAt":"2024-05-01T10:20:30.123Z","properties":{"a":"\u00e9"},"id":"512"})",
                                R"({"results":[{"id":"512","properties":{"a":"é"},"updatedAt":"2024-05-01T10:20:30.123Z"}]})", "512"}}) {
    auto source = example(each.source);
    auto fetched = answered(source, each.stream, each.key, 200, each.answer);
    ASSERT_EQ(fetched.what, outcome::found) << fetched.reason;
    reading one{*source->find(each.stream)};
    one.config = live_config();
    auto page = one.read(each.page);
    ASSERT_TRUE(page && page->records.size() == 1) << why(page);
    EXPECT_EQ(fetched.record.key, each.key);
    EXPECT_EQ(fetched.record.key, page->records[0].key);
    EXPECT_EQ(fetched.record.hash, page->records[0].hash);
    EXPECT_EQ(fetched.record.order_field, page->records[0].order_field);
  }
}

TEST(record_fetch_test, tells_what_is_gone_from_what_is_not_told) {
  auto graph = example("graph");
  EXPECT_EQ(answered(graph, "posts", "5", 404, "{}").what, outcome::gone);
  EXPECT_EQ(answered(graph, "posts", "5", 400, R"({"error":{"code":100,"error_subcode":33,"message":"no"}})").what, outcome::gone);
  EXPECT_EQ(answered(graph, "posts", "5", 400, R"({"error":{"code":190,"message":"dead"}})").what, outcome::refused);
  EXPECT_EQ(answered(graph, "posts", "5", 400, R"({"error":{"code":4,"message":"slow"}})").judged.action, verdict_action::wait);
  EXPECT_EQ(answered(graph, "posts", "5", 503, "").judged.action, verdict_action::retry);
  auto half = answered(graph, "posts", "5", 200, R"({"id":"5")");
  EXPECT_EQ(half.what, outcome::refused);
  EXPECT_EQ(half.judged.action, verdict_action::retry);
  EXPECT_THAT(answered(graph, "posts", "5", 200, R"({"id":"6"})").reason, HasSubstr("another key"));
  EXPECT_THAT(answered(example("shop"), "orders", "5", 200, "{}").reason, HasSubstr("no record where x-lode.live.fetch.record says"));
}

TEST(record_fetch_test, a_record_that_the_source_leaves_out_is_gone) {
  auto plan = *example("crm");
  plan.streams[0].selector.filter = code("{{ record['archived'] == false }}");
  auto source = std::make_shared<const source_plan>(plan);
  EXPECT_EQ(answered(source, "contacts", "5", 200, R"({"id":"5","archived":true})").what, outcome::gone);
  EXPECT_EQ(answered(source, "contacts", "5", 200, R"({"id":"5","archived":false})").what, outcome::found);
}

} // namespace lode

#include "live_support.hpp"

#include "runtime/extraction/content_hash.hpp"

namespace lode {

using namespace lode::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

/// A record as it stands in a page, the same fact as an API may write it in an event, and the event around it.
struct same_record {
  const char* source;
  const char* stream;
  const char* page; ///< with % for the record
  const char* record;
  const char* event_record;
  const char* event; ///< with % for the record
  std::vector<http_header> headers;
  const char* key;
};

std::string filled(std::string text, std::string_view record) {
  return text.replace(text.find('%'), 1, record);
}

page_content page_of(const source_plan_pointer& source, const std::string& stream, const std::string& body) {
  json_document scratch;
  std::vector<http_header> headers;
  received_response response{200, headers, body, scratch};
  wire::continuation_state state;
  auto index = static_cast<size_t>(source->find(stream) - source->streams.data());
  const auto config = live_config();
  page_reader reader;
  auto page = reader.read({*source, index, config, "", {}, state, response, 42, at(1'700'000'000)});
  EXPECT_TRUE(page) << why(page);
  return page ? std::move(*page) : page_content{};
}

class same_record_table : public ::testing::TestWithParam<same_record> {};

} // namespace

TEST_P(same_record_table, has_the_same_key_hash_and_order_as_event_and_in_a_page) {
  const auto& fact = GetParam();
  auto source = example(fact.source);
  auto page = page_of(source, fact.stream, filled(fact.page, fact.record));
  ASSERT_EQ(page.records.size(), 1u);
  auto heard = listening{source}.hear(filled(fact.event, fact.event_record), fact.headers);
  ASSERT_EQ(heard.events.size(), 1u) << (heard.dead.empty() ? "no event" : heard.dead[0].record.reason);
  const auto& event = heard.events[0];
  EXPECT_EQ(source->streams[event.stream].name, fact.stream);
  EXPECT_EQ(event.what, event_operation::upsert);
  EXPECT_EQ(event.record.key, fact.key);
  EXPECT_EQ(event.record.key, page.records[0].key);
  EXPECT_EQ(event.record.hash, page.records[0].hash);
  EXPECT_EQ(event.record.order_field, page.records[0].order_field);
  EXPECT_EQ(event.record.payload, fact.event_record);
  EXPECT_EQ(page.records[0].payload, fact.record);
}

INSTANTIATE_TEST_SUITE_P(
  example_sources, same_record_table,
  ::testing::Values(
    same_record{"graph", "posts", R"({"data":[%],"paging":{"cursors":{"after":"x"}}})",
                R"({"id":"17_5","updated_time":"2024-05-01T10:20:30+0000","n":1.10,"big":12345678901234567890123,"t":"\u00e9\/","place":null})",
                R"({ "place" : null, "t":"é/", "big":12345678901234567890123, "n":1.10, "updated_time":"2024-05-01T10:20:30+0000", "id":"17_5" })",
                R"({"type":"event","id":"17_9","stream":"posts","operation":"upsert","sent_at":1714558831000,"record":%})", {}, "17_5"},
    same_record{"graph", "comments", R"({"data":[%]})", R"({"id":"5_1","message":"a\ud83d\ude00","like_count":3})",
                R"({"like_count":3,"message":"a😀","id":"5_1"})",
                R"({"type":"event","id":"17_10","stream":"comments","operation":"upsert","sent_at":1,"record":%})", {}, "5_1"},
    same_record{"shop", "orders", R"({"orders":[%]})",
                R"({"id":8000000000000000001,"updated_at":"2024-05-01T10:20:30+00:00","total":12.10,"note":"\u0041"})",
                R"({"note":"A","total":12.10,"updated_at":"2024-05-01T10:20:30+00:00","id":8000000000000000001})", "%",
                {{"X-Shop-Topic", "orders/create"}, {"X-Shop-Shop-Domain", "one.shop.test"}, {"X-Shop-Event-Id", "e1"}},
                "8000000000000000001"},
    same_record{"shop", "products", R"({"products":[%]})", R"({"id":8000000000000000002,"updated_at":"2024-05-01T10:20:30+02:00","stock":{"b":1,"a":2}})",
                R"({"stock":{"a":2,"b":1},"id":8000000000000000002,"updated_at":"2024-05-01T10:20:30+02:00"})", "%",
                {{"x-shop-topic", "products/update"}, {"X-Shop-Shop-Domain", "one.shop.test"}}, "8000000000000000002"},
    same_record{"shop", "customers", R"({"customers":[%]})", R"({"id":8000000000000000003,"updated_at":"2024-05-01T10:20:30Z","v":1E2})",
                R"({ "v" : 1E2 , "updated_at":"2024-05-01T10:20:30Z","id":8000000000000000003 })", "%",
                {{"X-Shop-Topic", "customers/update"}, {"X-Shop-Shop-Domain", "one.shop.test"}}, "8000000000000000003"}));

TEST(event_mapper_test, a_record_passes_transformations_ignore_and_steps_as_in_a_page) {
  auto source = live_source("        listener: websocket\n        settings: {url: x}\n        messages: [{payload: full, record: [r]}]\n",
                            "      ignore: [views]\n      steps: [{redact: {hash: [mail], remove: [ssn]}}]\n      ordering_field: at\n",
                            "    transformations: [{type: AddFields, fields: [{path: [sum], value: \"{{ record['a'] + config['account']|int }}\"}]}, "
                            "{type: RemoveFields, field_pointers: [[tmp]]}]\n");
  const std::string record = R"({"id":"k","at":7,"a":1,"mail":"a@b.c","ssn":"1","tmp":2,"views":3})";
  auto page = page_of(source, "items", R"({"data":[)" + record + "]}");
  ASSERT_EQ(page.records.size(), 1u);
  auto heard = listening{source}.hear(R"({"r":{"views":9,"id":"k","tmp":5,"a":1,"mail":"a@b.c","at":7}})");
  ASSERT_EQ(heard.events.size(), 1u) << heard.dead.at(0).record.reason;
  EXPECT_EQ(heard.events[0].record.hash, page.records[0].hash);
  EXPECT_EQ(heard.events[0].record.order_field, 7);
  EXPECT_THAT(heard.events[0].record.payload, ::testing::AllOf(HasSubstr(R"("sum":18)"), ::testing::Not(HasSubstr("a@b.c"))));
}

TEST(event_mapper_test, a_record_that_the_source_filters_out_is_none) {
  auto source = live_source("        listener: websocket\n        settings: {url: x}\n        messages: [{payload: full}]\n", {}, {});
  auto plan = *source;
  plan.streams[0].selector.filter = code("{{ record['kind'] == 'a' }}");
  listening one{std::make_shared<const source_plan>(plan)};
  EXPECT_EQ(one.hear(R"({"id":1,"kind":"a"})").events.size(), 1u);
  auto heard = one.hear(R"({"id":1,"kind":"b"})");
  EXPECT_THAT(heard.events, IsEmpty());
  EXPECT_EQ(heard.filtered, 1u);
}

// -- hazard 28: what an event carries is not what a page carries -----------------------------------------------------------

TEST(event_mapper_test, only_a_full_event_is_a_record) {
  for (auto payload : {"patch", "notice"}) {
    listening one{live_source("        listener: websocket\n        settings: {url: x}\n        messages: [{key: [ref], payload: "
                              + std::string{payload} + "}]\n")};
    auto heard = one.hear(R"({"ref":"k1","id":"k1","name":"only what changed"})");
    ASSERT_EQ(heard.events.size(), 1u) << payload;
    EXPECT_EQ(heard.events[0].what, event_operation::doubt) << payload;
    EXPECT_EQ(heard.events[0].record.key, "k1");
    EXPECT_EQ(heard.events[0].record.payload, "") << payload << " must never be stored as a record";
    EXPECT_EQ(heard.events[0].record.hash, content_hash{});
  }
}

TEST(event_mapper_test, a_list_of_notices_becomes_doubts_and_deletes) {
  listening crm{example("crm")};
  auto heard = crm.hear(R"([
    {"eventId":100,"portalId":"4711","subscriptionType":"contact.creation","objectId":"512","occurredAt":1714558830123},
    {"eventId":101,"portalId":4711,"subscriptionType":"contact.propertyChange","objectId":513,"occurredAt":1714558830124},
    {"eventId":102,"portalId":"4711","subscriptionType":"contact.deletion","objectId":"514","occurredAt":1714558830125},
    {"eventId":103,"portalId":"4711","subscriptionType":"deal.creation","objectId":"1","occurredAt":1714558830126}])");
  ASSERT_EQ(heard.events.size(), 3u);
  EXPECT_EQ(heard.events[0].what, event_operation::doubt);
  EXPECT_EQ(heard.events[0].record.key, "512");
  EXPECT_EQ(heard.events[1].record.key, "513");
  EXPECT_EQ(heard.events[2].what, event_operation::remove);
  EXPECT_EQ(heard.events[2].record.key, "514");
  EXPECT_EQ(heard.events[2].record.order_field, 1714558830125000) << "as updatedAt counts";
  EXPECT_EQ(heard.event_id, "103") << "what no rule fits is acknowledged too";
  EXPECT_EQ(heard.ignored, 1u);
  EXPECT_EQ(heard.foreign, 0u);
}

TEST(event_mapper_test, events_of_another_account_are_none_of_this_connection) {
  listening crm{example("crm")};
  auto heard = crm.hear(R"([{"eventId":1,"portalId":"4712","subscriptionType":"contact.creation","objectId":"9"},
                            {"eventId":2,"subscriptionType":"contact.creation","objectId":"8"},
                            {"eventId":3,"portalId":"4711","subscriptionType":"contact.creation","objectId":"7"}])");
  ASSERT_EQ(heard.events.size(), 1u);
  EXPECT_EQ(heard.events[0].record.key, "7");
  EXPECT_EQ(heard.foreign, 2u);
  listening shop{example("shop")};
  EXPECT_EQ(shop.hear(R"({"id":1})", {{"X-Shop-Topic", "orders/create"}, {"X-Shop-Shop-Domain", "two.shop.test"}}).foreign, 1u);
  EXPECT_EQ(shop.hear(R"({"id":1})", {{"X-Shop-Topic", "orders/create"}}).foreign, 1u);
}

// -- hazard 13: order ----------------------------------------------------------------------------------------------------------

TEST(event_mapper_test, a_delete_is_ordered_no_finer_than_the_records_of_its_stream) {
  auto source = live_source("        listener: websocket\n        settings: {url: x}\n        messages: [{payload: full, "
                            "delete_when: {field: op, equals: delete}, order: [when], order_format: \"%ms\"}]\n",
                            "      ordering_field: at\n      ordering_format: \"%Y-%m-%dT%H:%M:%S%z\"\n");
  listening one{source};
  auto gone = one.hear(R"({"op":"delete","id":"k","when":1714558830700})");
  auto back = one.hear(R"({"id":"k","at":"2024-05-01T10:20:30+0000"})");
  ASSERT_TRUE(gone.events.size() == 1 && back.events.size() == 1);
  EXPECT_EQ(gone.events[0].what, event_operation::remove);
  EXPECT_LE(gone.events[0].record.order_field, back.events[0].record.order_field)
    << "a record that is made again in the second in which it was deleted would stay deleted";
}

TEST(event_mapper_test, knows_how_fine_a_format_is) {
  using namespace std::chrono_literals;
  EXPECT_EQ(order_resolution("%Y-%m-%dT%H:%M:%S%z"), 1s);
  EXPECT_EQ(order_resolution("%Y-%m-%dT%H:%M:%S.%_msZ"), 1ms);
  EXPECT_EQ(order_resolution("%Y-%m-%dT%H:%M:%S.%fZ"), 1us);
  EXPECT_EQ(order_resolution("%s"), 1s);
  EXPECT_EQ(order_resolution("%ms"), 1ms);
  EXPECT_EQ(order_resolution("%epoch_microseconds"), 1us);
  EXPECT_EQ(order_resolution("%s_as_float"), 1us);
  EXPECT_EQ(order_resolution("%Y-%m-%d %H:%M"), 1min);
  EXPECT_EQ(order_resolution("%Y-%m-%d"), 24h);
  EXPECT_EQ(order_resolution(""), 1us) << "a number, or text of which nobody knows how fine it is";
}

TEST(event_mapper_test, a_delete_without_an_order_has_none) {
  listening graph{example("graph")};
  auto heard = graph.hear(R"({"type":"event","id":"17_3","stream":"comments","operation":"delete","sent_at":1714558830700,"key":"5_1",)"
                          R"("deleted_time":"2024-05-01T10:20:30+0000"})");
  ASSERT_EQ(heard.events.size(), 1u);
  EXPECT_EQ(heard.events[0].what, event_operation::remove);
  EXPECT_EQ(heard.events[0].record.key, "5_1");
  EXPECT_EQ(heard.events[0].record.order_field, 0);
  EXPECT_EQ(heard.event_id, "17_3");
  heard = graph.hear(R"({"type":"event","id":"17_4","stream":"posts","operation":"delete","key":"17_5","deleted_time":"2024-05-01T10:20:30+0000"})");
  ASSERT_EQ(heard.events.size(), 1u);
  EXPECT_EQ(heard.events[0].record.order_field, 1714558830000000) << "posts have one";
}

// -- rules -----------------------------------------------------------------------------------------------------------------------

TEST(event_mapper_test, the_first_rule_that_fits_an_event_counts) {
  listening shop{example("shop")};
  auto gone = shop.hear(R"({"id":8000000000000000009})", {{"X-Shop-Topic", "customers/delete"}, {"X-Shop-Shop-Domain", "one.shop.test"},
                                                          {"X-Shop-Triggered-At", "2024-05-01T10:20:30.700Z"}});
  ASSERT_EQ(gone.events.size(), 1u);
  EXPECT_EQ(gone.events[0].what, event_operation::remove);
  EXPECT_EQ(gone.events[0].record.key, "8000000000000000009") << "as the key of its record is written";
  EXPECT_EQ(gone.events[0].record.order_field, 1714558830000000) << "in the whole seconds of updated_at";
  listening one{live_source("        listener: websocket\n        settings: {url: x}\n        messages:\n"
                            "          - {when: [{field: a, equals: 1}, {field: b, equals: 2}], payload: notice, key: [first]}\n"
                            "          - {when: {field: a, equals: 1}, payload: notice, key: [second]}\n"
                            "          - {when: {field: c, equals: true}, each: [list], payload: notice, key: [third]}\n")};
  EXPECT_EQ(one.hear(R"({"a":1,"b":2,"first":"x","second":"y"})").events.at(0).record.key, "x");
  EXPECT_EQ(one.hear(R"({"a":"1","b":3,"first":"x","second":"y"})").events.at(0).record.key, "y");
  auto listed = one.hear(R"({"list":[{"c":true,"third":"p"},{"c":false,"third":"q"},{"c":"true","third":"r"}]})");
  ASSERT_EQ(listed.events.size(), 2u);
  EXPECT_EQ(listed.events[1].record.key, "r");
  EXPECT_EQ(listed.ignored, 1u);
  EXPECT_EQ(one.hear(R"({"type":"pong"})").ignored, 1u);
  EXPECT_EQ(one.hear(R"("pong")").ignored, 1u);
}

TEST(event_mapper_test, streams_that_a_connection_does_not_capture_are_not_read) {
  auto source = example("graph");
  std::vector<bool> wanted(source->streams.size());
  wanted[static_cast<size_t>(source->find("posts") - source->streams.data())] = true;
  listening graph{source, wanted};
  auto heard = graph.hear(R"({"type":"event","id":"17_10","stream":"comments","operation":"upsert","record":{"id":"5_1"}})");
  EXPECT_THAT(heard.events, IsEmpty());
  EXPECT_EQ(heard.ignored, 1u);
  EXPECT_EQ(heard.event_id, "17_10") << "its API wants it acknowledged all the same";
}

// -- what cannot be used -----------------------------------------------------------------------------------------------------

struct bad_message {
  const char* text;
  const char* reason;
  const char* key;
};

class bad_message_table : public ::testing::TestWithParam<bad_message> {};

TEST_P(bad_message_table, is_a_dead_record_that_names_the_rule) {
  listening graph{example("graph")};
  auto heard = graph.hear(GetParam().text);
  EXPECT_THAT(heard.events, IsEmpty());
  ASSERT_EQ(heard.dead.size(), 1u);
  EXPECT_THAT(heard.dead[0].record.reason, HasSubstr(GetParam().reason));
  EXPECT_EQ(heard.dead[0].record.key, GetParam().key);
  EXPECT_THAT(heard.dead[0].record.payload, ::testing::Not(IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(
  messages, bad_message_table,
  ::testing::Values(
    bad_message{R"({"stream":"posts","record":{)", "a live message is no JSON: ", ""},
    bad_message{"pong", "a live message is no JSON: ", ""},
    bad_message{R"({"stream":"posts","operation":"upsert"})", "live rule 1 of posts: the event has no `record`", ""},
    bad_message{R"({"stream":"posts","record":[1]})", "live rule 1 of posts: a record is [1], an object is needed", ""},
    bad_message{R"({"stream":"posts","record":{"updated_time":"2024-05-01T10:20:30+0000"}})", "live rule 1 of posts: key field `id` is missing", ""},
    bad_message{R"({"stream":"posts","record":{"id":"5","updated_time":"yesterday"}})", "live rule 1 of posts: ordering field `updated_time`", "5"},
    bad_message{R"({"stream":"comments","operation":"delete"})", "live rule 1 of comments: key field `key` is missing", ""}));

TEST(event_mapper_test, a_bare_word_is_no_dead_letter_where_the_heartbeat_is_one) {
  auto with = [](const std::string& heartbeat) {
    return listening{live_source("        listener: websocket\n        settings: {url: x, heartbeat: {every: 20s, message: '" + heartbeat
                                 + "'}}\n        messages: [{payload: full}]\n")};
  };
  auto word = with("ping");
  auto pong = word.hear("pong");
  EXPECT_TRUE(pong.dead.empty());
  EXPECT_EQ(pong.ignored, 1u);
  EXPECT_EQ(word.hear(R"({"id":1)").dead.size(), 1u) << "a message that broke off is no answer to it";
  EXPECT_EQ(with(R"({"type":"ping"})").hear("pong").dead.size(), 1u);
}

TEST(event_mapper_test, a_record_that_is_nested_too_deep_costs_no_other_of_its_message) {
  listening one{live_source("        listener: websocket\n        settings: {url: x}\n        messages: [{each: [], payload: full}]\n")};
  auto deep = std::string(3000, '[') + std::string(3000, ']');
  auto heard = one.hear(R"([{"id":1,"a":)" + deep + R"(},{"id":2}])");
  ASSERT_EQ(heard.dead.size(), 1u);
  EXPECT_THAT(heard.dead[0].record.reason, HasSubstr("nested deeper than 1024 levels"));
  ASSERT_EQ(heard.events.size(), 1u);
  EXPECT_EQ(heard.events[0].record.key, "2");
}

TEST(event_mapper_test, a_dead_record_shows_nothing_that_steps_would_have_taken_out) {
  listening one{live_source("        listener: websocket\n        settings: {url: x}\n        messages: [{payload: full, record: [r]}]\n",
                            "      steps: [{redact: {remove: [ssn]}}]\n")};
  for (auto text : {R"({"r":{"ssn":"123-45"}})", R"({"ssn":"123-45"})", R"({"r":["123-45"]})", R"({"r":{"ssn":"123-45")"}) {
    auto heard = one.hear(text);
    ASSERT_EQ(heard.dead.size(), 1u) << text;
    EXPECT_THAT(heard.dead[0].record.payload + heard.dead[0].record.reason, ::testing::Not(HasSubstr("123-45"))) << text;
  }
}

TEST(event_mapper_test, a_stream_whose_steps_change_its_key_is_not_captured) {
  auto source = live_source("        listener: websocket\n        settings: {url: x}\n        messages: [{payload: full}]\n",
                            "      steps: [{redact: {hash: [id]}}]\n");
  auto rules = event_rules::make(source, 0, live_config(), {true}, 42, at(0));
  ASSERT_FALSE(rules);
  EXPECT_THAT(message_of(rules.error()), HasSubstr("stream items cannot be captured live: its steps change `id`"));
}

TEST(event_mapper_test, several_key_fields_are_the_json_array_of_the_page) {
  auto source = live_source("        listener: websocket\n        settings: {url: x}\n        messages: [{payload: full, record: [r], "
                            "delete_when: {field: op, equals: d}}]\n");
  auto plan = *source;
  plan.streams[0].primary_key = {{"a"}, {"b", "c"}};
  auto live = *plan.streams[0].lode.live;
  live.rules[0].key = {{"k"}, {"m", "n"}};
  plan.streams[0].lode.live = std::make_shared<const stream_live>(live);
  auto shared = std::make_shared<const source_plan>(plan);
  auto page = page_of(shared, "items", R"({"data":[{"a":"x\"","b":{"c":1.0}}]})");
  listening one{shared};
  EXPECT_EQ(one.hear(R"({"r":{"b":{"c":1.0},"a":"x\u0022"}})").events.at(0).record.key, page.records.at(0).key);
  EXPECT_EQ(one.hear(R"({"op":"d","k":"x\"","m":{"n":1.0}})").events.at(0).record.key, page.records.at(0).key);
}

} // namespace lode

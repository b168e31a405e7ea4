#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cli/terminal/text.hpp"
#include "runtime/cli/terminal/top_view.hpp"

using namespace lode;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
namespace json = boost::json;

namespace {

const char* overview = R"({"as_of":"2026-11-27T17:00:00Z","store":"ok",
 "tenants":{"active":1990,"paused":7,"suspended":0,"deleting":0},
 "problems":[{"id":"a","severity":"critical","reason":"suspended","title":"Credentials refused by shop","detail":"orders: the API answered 401",
   "help":"Give new credentials.","since":"2026-11-27T13:48:00Z","tenants":5,"source":"shop","action":"secrets",
   "examples":[{"tenant":"acme","connection":"main","since":"2026-11-27T13:48:00Z","detail":""}]},
  {"id":"b","severity":"warning","reason":"api_slow","title":"crm is slow","detail":"","help":"Nothing; see whether it lasts.",
   "since":"2026-11-27T16:58:30Z","tenants":1,"source":"crm","action":null,"examples":[]},
  {"id":"c","severity":"notice","reason":"quota","title":"Waiting for the limit of shop","detail":"","help":"Nothing.",
   "since":"2026-11-27T16:00:00Z","tenants":41,"examples":[]}],
 "problems_total":7,
 "nodes":[{"name":"n1","state":"member","is_silent":false},{"name":"n2","state":"member","is_silent":true}],"shards_without_node":0,
 "now":{"records":13464,"calls":181,"changed_share":0.048,"errors":13.5,"lateness":78,"queue":2822,"memory":2040109465}})";

const char* rows = R"([
 {"name":"acme","connection":"main","node":"n3","waits_for":"suspended","waits_since":"2026-11-27T13:48:00Z","lateness_seconds":11520,
  "records_per_second":0,"detail":"orders: the API answered 401"},
 {"name":"globex-international-holding","connection":"main","node":"n1","waits_for":"api_slow","waits_since":"2026-11-27T16:58:30Z","lateness_seconds":90,
  "records_per_second":0.4,"detail":"deals: a request is out for 90 s"},
 {"name":"initech","connection":"crm","node":"n1","waits_for":"none","waits_since":null,"lateness_seconds":0,"records_per_second":1200,"detail":""}])";

top_documents documents() {
  top_documents out;
  out.overview = json::parse(overview).as_object();
  out.connections = json::parse(rows).as_array();
  out.total = 100'000;
  out.are_all = false;
  json::array records;
  for (int i = 0; i < 240; ++i)
    records.push_back(i < 60 ? json::value(nullptr) : json::value(i));
  out.history = {{"series", {{"records", records}}}};
  return out;
}

top_state state() {
  top_state out;
  out.address = "http://127.0.0.1:7788";
  out.has_utf8 = false;
  return out;
}

std::string drawn(screen_size size, const top_documents& documents, const top_state& state) {
  std::string out;
  for (const auto& line : top_view(size, documents, state))
    out += line.text() + "\n";
  return out;
}

} // namespace

TEST(top_view_test, eighty_by_twenty_four) {
  EXPECT_EQ(drawn({80, 24}, documents(), state()), R"(lode top  http://127.0.0.1:7788  2026-11-27T17:00:00Z  store ok
nodes 1 of 2 (silent: n2)  queue 2,822  memory 1.9 GiB  tenants 1,990 active, 7…
records/s 13,464  calls/s 181  errors/min 14  changed 4.8 %  late 1m18s (95 %)
records/s               ,,,,,,------======++++++******######  1 h, up to 237

PROBLEMS  7, the 3 gravest
critical  suspended        5 tenants   3h12m  Credentials refused by shop: orde…
          Give new credentials.  (lode why acme main)
warning   api_slow          1 tenant   1m30s  crm is slow
          Nothing; see whether it lasts.
notice    quota           41 tenants   1h00m  Waiting for the limit of shop
          Nothing.

CONNECTIONS  by worst, 1 to 3 of 100,000
TENANT                CONNECTION  WAITS FOR  SINCE   LATE  REC/S  DETAIL
acme                  main        suspended  3h12m  3h12m      0  orders: the A…
globex-internationa…  main        api_slow   1m30s  1m30s    0.4  deals: a requ…
initech               crm         -                        1,200





q quit  w worst  l lateness  n name  r records/s  up/down scroll
)");
}

TEST(top_view_test, a_wide_terminal_names_nodes_and_shows_more_of_the_last_hour) {
  EXPECT_EQ(drawn({120, 30}, documents(), state()), R"(lode top  http://127.0.0.1:7788  2026-11-27T17:00:00Z  store ok
nodes 1 of 2 (silent: n2)  queue 2,822  memory 1.9 GiB  tenants 1,990 active, 7 paused
records/s 13,464  calls/s 181  errors/min 14  changed 4.8 %  late 1m18s (95 %)
records/s                  ,,,,,,,--------=======++++++++*******########  1 h, up to 238
errors/min  not yet measured
late (95 %) not yet measured

PROBLEMS  7, the 3 gravest
critical  suspended        5 tenants   3h12m  Credentials refused by shop: orders: the API answered 401
          Give new credentials.  (lode why acme main)
warning   api_slow          1 tenant   1m30s  crm is slow
          Nothing; see whether it lasts.
notice    quota           41 tenants   1h00m  Waiting for the limit of shop
          Nothing.

CONNECTIONS  by worst, 1 to 3 of 100,000
TENANT                        CONNECTION  WAITS FOR  SINCE   LATE  REC/S  NODE  DETAIL
acme                          main        suspended  3h12m  3h12m      0  n3    orders: the API answered 401
globex-international-holding  main        api_slow   1m30s  1m30s    0.4  n1    deals: a request is out for 90 s
initech                       crm         -                        1,200  n1









q quit  w worst  l lateness  n name  r records/s  up/down scroll
)");
}

TEST(top_view_test, a_cluster_that_is_well_says_so) {
  auto well = documents();
  well.overview["problems"] = json::array{};
  well.overview["problems_total"] = 0;
  well.connections.clear();
  well.total = 0;
  well.history.clear();
  auto lines = drawn({80, 24}, well, state());
  EXPECT_THAT(lines, HasSubstr("PROBLEMS  none\n"));
  EXPECT_THAT(lines, HasSubstr("CONNECTIONS  by worst, none\n"));
  EXPECT_THAT(lines, HasSubstr("records/s   not yet measured\n"));
}

TEST(top_view_test, a_node_that_answers_no_more_is_told_with_what_was_seen_last) {
  auto away = state();
  away.silence = top_silence{0, "2026-11-27T17:00:04Z", std::chrono::seconds{14}, "Connection refused"};
  auto lines = drawn({80, 24}, documents(), away);
  EXPECT_THAT(lines, StartsWith("lode top  http://127.0.0.1:7788  NO ANSWER since 17:00:04Z (14s): Connection re…\n"
                                "as of 17:00:00Z  nodes 1 of 2"));
  EXPECT_THAT(lines, HasSubstr("acme"));
  away.silence->status = 503;
  EXPECT_THAT(drawn({80, 24}, documents(), away), HasSubstr("ANSWER 503 since"));
}

TEST(top_view_test, a_store_that_is_away_and_shards_without_a_node_are_told) {
  auto bad = documents();
  bad.overview["store"] = "connection refused";
  bad.overview["shards_without_node"] = 1'365;
  auto lines = drawn({200, 24}, bad, state());
  EXPECT_THAT(lines, HasSubstr("STORE: connection refused"));
  EXPECT_THAT(lines, HasSubstr("shards without a node 1,365"));
  EXPECT_THAT(lines, HasSubstr("nodes 1 of 2 (silent: n2)"));
}

TEST(top_view_test, connections_begin_where_it_was_scrolled_to) {
  auto scrolled = state();
  scrolled.first = 2;
  auto lines = drawn({80, 24}, documents(), scrolled);
  EXPECT_THAT(lines, HasSubstr("by worst, 3 to 3 of 100,000"));
  EXPECT_THAT(lines, HasSubstr("initech"));
  EXPECT_THAT(lines, Not(HasSubstr("globex")));
  scrolled.first = 99;
  EXPECT_THAT(drawn({80, 24}, documents(), scrolled), HasSubstr("initech")) << "there are fewer now";
}

TEST(top_view_test, no_size_makes_it_wider_or_higher_than_the_terminal) {
  auto strange = documents();
  strange.connections[0].as_object()["name"] = "東京東京東京東京東京東京東京東京";
  strange.connections[1].as_object()["detail"] = "\x1b[2J e\xcc\x81\xcc\x81 \xff";
  for (auto has_utf8 : {true, false})
    for (size_t width : {1, 2, 3, 7, 10, 19, 31, 32, 33, 40, 64, 79, 80, 81, 99, 100, 120, 200})
      for (size_t height : {1, 2, 5, 9, 10, 11, 13, 24, 30, 31, 60}) {
        auto shown = state();
        shown.has_utf8 = has_utf8;
        auto lines = top_view({width, height}, strange, shown);
        EXPECT_EQ(lines.size(), height) << width;
        for (const auto& line : lines) {
          EXPECT_LE(line.columns(), width) << height << ": " << line.text();
          EXPECT_LE(columns_of(paint(line, {false, has_utf8})), width);
          EXPECT_EQ(line.text().find('\x1b'), std::string::npos);
        }
        EXPECT_LE(connections_on_show({width, height}, strange), height);
      }
}

TEST(top_view_test, documents_with_nothing_in_them_are_drawn) {
  auto lines = drawn({80, 24}, {}, state());
  EXPECT_THAT(lines, HasSubstr("nodes 0 of 0  queue ?"));
  top_documents strange;
  strange.overview = json::parse(R"({"problems":[{}],"nodes":[{}],"now":{"records":"many"},"tenants":[]})").as_object();
  strange.connections = {json::object{}};
  EXPECT_THAT(drawn({80, 24}, strange, state()), HasSubstr("PROBLEMS  1"));
}

TEST(top_view_test, a_page_without_a_height_shows_everything_and_names_no_keys) {
  auto page = state();
  page.has_keys = false;
  auto lines = drawn({120, 0}, documents(), page);
  EXPECT_THAT(lines, HasSubstr("initech"));
  EXPECT_THAT(lines, HasSubstr("Waiting for the limit of shop"));
  EXPECT_THAT(lines, Not(HasSubstr("q quit")));
}

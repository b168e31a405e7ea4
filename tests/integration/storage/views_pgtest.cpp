#include <gmock/gmock.h>

#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_page_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "runtime/storage/store_error.hpp"
#include "tests/support/claims.hpp"
#include "tests/support/postgres_fixture.hpp"

/// The SQL views of streams, over records that nobody has cleaned.
namespace lode::test {

namespace {

constexpr incarnation self{3201};
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<view_field> all_types{{"title", view_type::text},       {"count", view_type::integer}, {"price", view_type::number},
                                        {"open", view_type::boolean},     {"at", view_type::timestamp},  {"day", view_type::date},
                                        {"details", view_type::json}};

struct views_pgtest : testing::Test {
  views_pgtest() {
    auto runs = make_postgres_run_store(database.settings(self));
    auto claims = *claim_everything(*make_postgres_membership_store(database.settings(self), "cluster"), "n1", self);
    auto tenant = *catalog->create_tenant("acme");
    connection_row wanted;
    wanted.name = "shop";
    wanted.source = source.id;
    wanted.streams = {{{}, "posts", 0}};
    row = *catalog->put_connection(tenant.id, wanted);
    run_start start;
    start.connection = row.id;
    start.claim = claims.at(static_cast<size_t>(row.shard.value));
    start.first = {{row.streams[0].id, "", {}, "state 0"}};
    auto run = *runs->start_run(start);
    page.tenant = row.tenant;
    page.connection = row.id;
    page.stream = row.streams[0].id;
    page.shard = row.shard;
    page.epoch = start.claim.epoch;
    page.move = {run.opened[0], run.run, 0, continuation_phase::open, "state", ""};
  }

  std::vector<std::string> put(const std::vector<stream_view>& views) {
    auto troubles = catalog->put_views(source, source.version, views);
    EXPECT_TRUE(troubles) << to_string(troubles.error());
    return troubles ? *troubles : std::vector<std::string>{};
  }

  /// Records by number, as an API may send them.
  void store(const std::vector<std::string>& payloads) {
    page.changes.clear();
    for (const auto& payload : payloads)
      page.changes.push_back({change_kind::inserted, "k" + std::to_string(++stored), payload, {1, 1}, {0, 1, 1}});
    auto outcome = pages->commit({&page, 1});
    ASSERT_EQ(outcome[0].status, commit_status::committed) << outcome[0].message;
    ASSERT_THAT(outcome[0].dead_lettered, IsEmpty());
    ++page.move.expected_version;
  }

  /// Whether `condition` holds for the record of this number, all columns read.
  bool holds(int number, const std::string& condition) {
    return session.number("SELECT count(*) FROM (SELECT * FROM lode_views.shop__posts OFFSET 0) v WHERE key = 'k"
                          + std::to_string(number) + "' AND " + condition)
           == 1;
  }

  int64_t views() { return session.number("SELECT count(*) FROM pg_views WHERE schemaname = 'lode_views'"); }

  test_database database;
  test_session session{database.dsn()};
  std::unique_ptr<catalog_store> catalog = make_postgres_catalog_store(database.settings(self));
  std::unique_ptr<page_store> pages = make_postgres_page_store(database.settings(self), 0);
  source_row source = *catalog->put_source("shop", "manifest", "v1");
  connection_row row;
  page_commit page;
  int stored = 0;
};

} // namespace

TEST_F(views_pgtest, a_view_shows_records_with_a_typed_column_for_each_declared_field) {
  EXPECT_THAT(put({{"posts", all_types}}), IsEmpty());
  store({R"({"title":"Tea \"x\"","count":42,"price":1.50,"open":true,"at":"2026-01-02T03:04:05.5+02:00","day":"2026-01-02",)"
         R"("details":{"a":[1,2]}})"});
  EXPECT_TRUE(holds(1, "tenant = 'acme' AND connection = 'shop' AND NOT deleted AND first_seen <= now() AND changed <= now()"));
  EXPECT_TRUE(holds(1, "title = 'Tea \"x\"' AND count + 1 = 43 AND price::text = '1.50' AND open"));
  EXPECT_TRUE(holds(1, "at = '2026-01-02T01:04:05.5Z' AND day = date '2026-01-02' AND details -> 'a' ->> 1 = '2'"));
  EXPECT_TRUE(holds(1, "payload LIKE '{\"title\"%'"));
}

TEST_F(views_pgtest, views_go_with_their_source_unless_something_is_built_upon_them) {
  const auto other = *catalog->put_source("forum", "manifest", "v1");
  ASSERT_THAT(*catalog->put_views(other, "v1", {{"threads", all_types}}), IsEmpty());
  session.run("CREATE VIEW report AS SELECT key FROM lode_views.forum__threads");
  const auto kept = catalog->remove_source("forum");
  EXPECT_EQ(code_of(kept), errc::conflict);
  EXPECT_THAT(message_of(kept), testing::HasSubstr("forum__threads cannot go"));
  EXPECT_EQ(views(), 1);
  session.run("DROP VIEW report");
  EXPECT_FALSE(catalog->remove_source("forum"));
  EXPECT_EQ(views(), 0);
}

TEST_F(views_pgtest, what_does_not_fit_its_column_is_null_and_the_rest_of_the_record_is_there) {
  put({{"posts", all_types}});
  store({R"({"title":"a\u0000b","count":5,"details":{"x":"\u0000"}})", R"({"title":"\ud800","count":5})",
         R"({"title":"\udc00\ud800","count":5})", R"({"title":"\ud83d\ude00","count":5})",
         R"({"title":"\\u0000 \\\\ud800","count":5})", R"({"count":"many","title":"x"})",
         R"({"count":99999999999999999999,"title":"x","price":99999999999999999999})", R"({"count":3.0,"price":"7"})",
         R"({"count":3.5,"title":"x"})", R"({"price":1e200000,"title":"x","details":[1e200000]})",
         R"({"price":1)" + std::string(2'000, '0') + R"(,"title":"x"})", R"({"open":"maybe","title":"x"})",
         R"({"at":"2026-02-31T00:00:00Z","day":"2026-02-31","title":"x"})",
         R"({"at":"2026-01-01T00:00:00+99:99","day":"now","title":"x"})", R"({"at":"infinity","day":"infinity","title":"x"})",
         R"({"at":"2026-01-02","day":"2026-01-02T10:00:00Z"})"});
  EXPECT_TRUE(holds(1, "title IS NULL AND count = 5 AND details IS NULL"));
  EXPECT_TRUE(holds(2, "title IS NULL AND count = 5"));
  EXPECT_TRUE(holds(3, "title IS NULL AND count = 5"));
  EXPECT_TRUE(holds(4, "title = U&'\\+01F600' AND count = 5"));
  EXPECT_TRUE(holds(5, "title = '\\u0000 \\\\ud800' AND count = 5"));
  EXPECT_TRUE(holds(6, "count IS NULL AND title = 'x'"));
  EXPECT_TRUE(holds(7, "count IS NULL AND title = 'x' AND price = 99999999999999999999"));
  EXPECT_TRUE(holds(8, "count = 3 AND price = 7"));
  EXPECT_TRUE(holds(9, "count IS NULL AND title = 'x'"));
  EXPECT_TRUE(holds(10, "price IS NULL AND title = 'x' AND details IS NULL"));
  EXPECT_TRUE(holds(11, "price IS NULL AND title = 'x'"));
  EXPECT_TRUE(holds(12, "open IS NULL AND title = 'x'"));
  EXPECT_TRUE(holds(13, "at IS NULL AND day IS NULL AND title = 'x'"));
  EXPECT_TRUE(holds(14, "at IS NULL AND day IS NULL AND title = 'x'"));
  EXPECT_TRUE(holds(15, "at IS NULL AND day IS NULL AND title = 'x'"));
  EXPECT_TRUE(holds(16, "at = '2026-01-02T00:00:00Z' AND day = date '2026-01-02'"));
}

TEST_F(views_pgtest, a_record_that_is_no_object_makes_no_view_fail) {
  put({{"posts", all_types}});
  store({"not JSON", "[1,2]", "5", "null", "", R"({"title":"first","title":"last"})", R"({"title":{"deep":1},"details":null})",
         R"({"details":)" + std::string(1'000, '[') + std::string(1'000, ']') + R"(,"title":"x"})"});
  for (int number = 1; number <= 5; ++number)
    EXPECT_TRUE(holds(number, "title IS NULL AND count IS NULL AND details IS NULL")) << number;
  EXPECT_TRUE(holds(6, "title = 'last'"));
  EXPECT_TRUE(holds(7, "title = '{\"deep\":1}' AND details IS NULL"));
  EXPECT_TRUE(holds(8, "title = 'x'"));
  EXPECT_EQ(session.number("SELECT count(*) FROM lode_views.shop__posts"), 8);
}

TEST_F(views_pgtest, a_deleted_record_is_shown_as_such) {
  put({{"posts", all_types}});
  store({R"({"title":"x"})"});
  page.changes = {{change_kind::deleted, "k1", "", {}, {0, 1, 2}}};
  ASSERT_EQ(pages->commit({&page, 1})[0].status, commit_status::committed);
  EXPECT_TRUE(holds(1, "deleted AND title IS NULL"));
}

TEST_F(views_pgtest, names_are_quoted_whatever_they_are) {
  const std::string evil = R"(we"ird'; DROP TABLE record; --)";
  EXPECT_THAT(put({{"posts", {{evil}, {"key"}, {"Select"}, {R"(back\slash)"}}}, {evil, {{"a"}}}}), IsEmpty());
  store({R"({"we\"ird'; DROP TABLE record; --":"yes","key":"mine","Select":"s","back\\slash":"b"})"});
  EXPECT_TRUE(holds(1, R"("we""ird'; DROP TABLE record; --" = 'yes' AND key_ = 'mine' AND "Select" = 's' AND "back\slash" = 'b')"));
  EXPECT_EQ(session.number("SELECT count(*) FROM lode_views.\"shop__we\"\"ird'; DROP TABLE record; --\""), 0);
}

TEST_F(views_pgtest, a_source_that_is_put_again_has_the_views_of_its_streams_and_no_others) {
  auto other = *catalog->put_source("other", "manifest", "v1");
  ASSERT_TRUE(catalog->put_views(other, "v1", {{"posts", {}}}));
  put({{"posts", {{"a"}, {"b"}}}, {"comments", {}}});
  EXPECT_EQ(views(), 3);
  put({{"posts", {{"a"}, {"b"}, {"c"}}}});
  EXPECT_EQ(views(), 2);
  put({{"posts", {{"c", view_type::integer}}}});
  store({R"({"c":7})"});
  EXPECT_TRUE(holds(1, "c + 1 = 8"));
  put({});
  EXPECT_EQ(views(), 1) << "that of the other source";
}

TEST_F(views_pgtest, sources_whose_views_are_not_those_of_their_manifest_are_found) {
  auto names = [&] {
    std::vector<std::string> out;
    auto sources = catalog->sources_without_views();
    for (const auto& each : *sources)
      out.push_back(each.name + " " + each.version);
    return out;
  };
  EXPECT_THAT(names(), ElementsAre("shop v1"));
  put({});
  EXPECT_THAT(names(), IsEmpty());
  *catalog->put_source("shop", "manifest 2", "v2");
  EXPECT_THAT(names(), ElementsAre("shop v2"));
}

TEST_F(views_pgtest, what_others_built_upon_a_view_or_under_its_name_is_left_alone_and_told) {
  put({{"posts", {{"a"}}}, {"comments", {}}});
  session.run("CREATE VIEW public.mine AS SELECT key, a FROM lode_views.shop__posts; CREATE TABLE lode_views.shop__pages (x int)");
  auto troubles = put({{"pages", {}}});
  EXPECT_THAT(troubles, testing::UnorderedElementsAre(HasSubstr("shop__posts cannot go"), HasSubstr("shop__pages cannot be made")));
  EXPECT_EQ(session.number("SELECT count(*) FROM public.mine"), 0);
  EXPECT_EQ(views(), 1) << "comments is gone";
  put({{"posts", {{"a"}, {"b"}}}});
  EXPECT_EQ(session.number("SELECT count(b) FROM lode_views.shop__posts"), 0) << "a further column is no trouble";
}

TEST_F(views_pgtest, who_may_use_the_schema_reads_every_view_and_nothing_else_of_the_store) {
  put({{"posts", all_types}});
  store({R"({"title":"a\u0000b","count":5,"at":"2026-01-01","details":{"x":1}})"});
  const auto role = "reader_" + database.name();
  session.run("CREATE ROLE " + role + "; GRANT USAGE ON SCHEMA lode_views TO " + role + "; SET search_path TO public");
  session.run("SET ROLE " + role);
  EXPECT_TRUE(holds(1, "title IS NULL AND count = 5 AND at IS NOT NULL AND details IS NOT NULL"));
  EXPECT_TRUE(session.link().run_script("SELECT count(*) FROM lode.record"));
  session.run("RESET ROLE; DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_F(views_pgtest, what_is_being_erased_is_not_shown) {
  put({{"posts", all_types}});
  store({R"({"title":"x"})"});
  ASSERT_FALSE(catalog->begin_erase(row.id));
  EXPECT_EQ(session.number("SELECT count(*) FROM lode_views.shop__posts"), 0);
}

} // namespace lode::test

#include <gmock/gmock.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "runtime/storage/postgres/postgres_inspection_store.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/wall_clock.hpp"
#include "tests/support/many_tenants.hpp"
#include "tests/support/postgres_fixture.hpp"

/// Lists over all tenants, beside what one that looks at every row says.
namespace lode::test {

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// A connection as all its tables have it.
struct seen {
  int64_t id = 0, shard = 0, owner = 0, source = 0, state = 0, held = 0, held_since = 0, teller = 0, told = 0, told_since = 0, rate = 0;
  std::optional<int64_t> due;
  std::string tenant;

  bool is_told() const { return teller != 0 && teller == owner; }
  bool has_node() const { return owner == 11 || owner == 12; }
  int64_t reason(int64_t now) const {
    if (held >= 8)
      return held;
    if (!has_node())
      return 7;
    if (const auto graver = std::max(held, is_told() ? told : 0); graver > 0)
      return graver;
    return !is_told() && due && *due < now - 5'000'000 ? 1 : 0;
  }
};

class inspection_test : public testing::Test {
protected:
  void fill(int count) {
    session.run(many_tenants(count));
    auto rows = session.link().execute(
      {"all", "SELECT n.id, n.shard, h.owner, n.source_id, greatest(n.state, t.state), coalesce(s.held, 0), coalesce(s.held_since, 0), "
              "coalesce(s.teller, 0), coalesce(s.told, 0), coalesce(s.told_since, 0), coalesce(s.rate, 0), coalesce(d.due, 0), t.name::text "
              "FROM connection n JOIN tenant t ON t.id = n.tenant_id JOIN shard h ON h.id = n.shard "
              "LEFT JOIN standing s ON s.connection_id = n.id LEFT JOIN due d ON d.connection_id = n.id"});
    for (int row = 0; row < rows->rows(); ++row) {
      auto n = [&](int column) { return rows->number(row, column); };
      seen one{n(0), n(1), n(2), n(3), n(4), n(5), n(6), n(7), n(8), n(9), n(10), {}, rows->string(row, 12)};
      if (n(11) != 0)
        one.due = n(11);
      all.push_back(one);
    }
  }

  bool fits(const seen& row, const standing_filter& f) const {
    return (f.search.empty() || row.tenant.find(f.search) != row.tenant.npos) && (!f.state || static_cast<int64_t>(*f.state) == row.state)
           && (!f.reason || static_cast<int64_t>(*f.reason) == row.reason(micros()))
           && (f.source.empty() || f.source == "source-" + std::to_string(row.source))
           && (!f.late || (row.due && *row.due <= micros() - *f.late / std::chrono::microseconds{1}));
  }

  std::tuple<int64_t, int64_t, std::string, int64_t> key(const seen& row, standing_sort sort) const {
    const auto reason = row.reason(micros());
    switch (sort) {
      case standing_sort::name: return {0, 0, row.tenant, 0};
      case standing_sort::lateness: return {!row.due, row.due.value_or(0), "", row.id};
      case standing_sort::rate: {
        const bool runs = row.rate > 0 && row.is_told();
        return {!runs, runs ? -row.rate : 0, "", row.id};
      }
      case standing_sort::worst: break;
    }
    if (reason == 7)
      return {2, row.shard, "", row.id};
    const auto graver = std::max(row.held, row.is_told() ? row.told : 0);
    if (graver > 0)
      return {9 - graver, row.held >= row.told ? row.held_since : row.told_since, "", row.id};
    return {row.due ? 9 : 10, row.due.value_or(0), "", row.id};
  }

  std::vector<int64_t> expected(const standing_filter& filter) const {
    std::vector<seen> rows;
    std::copy_if(all.begin(), all.end(), std::back_inserter(rows), [&](const seen& row) { return fits(row, filter); });
    std::sort(rows.begin(), rows.end(), [&](const seen& a, const seen& b) { return key(a, filter.sort) < key(b, filter.sort); });
    std::vector<int64_t> out;
    for (const auto& row : rows)
      out.push_back(row.id);
    return out;
  }

  /// All pages of a list.
  std::vector<standing_row> pages(standing_filter filter, size_t limit) {
    std::vector<standing_row> out;
    for (int page = 0; page < 10'000; ++page) {
      auto found = store->list_standings(filter, limit, now);
      if (!found)
        throw std::runtime_error(to_string(found.error()));
      out.insert(out.end(), found->rows.begin(), found->rows.end());
      totals.insert(found->total.value_or(-1));
      if (found->next.empty())
        return out;
      EXPECT_EQ(found->rows.size(), limit);
      filter.after = found->next;
    }
    throw std::runtime_error("a list does not end");
  }

  void compare_all(size_t limit) {
    using enum wait_reason;
    const standing_filter filters[] = {{},
                                       {.search = "07"},
                                       {.search = "tenant-0012"},
                                       {.search = "%"},
                                       {.state = activity::active},
                                       {.state = activity::paused},
                                       {.state = activity::suspended},
                                       {.reason = none},
                                       {.reason = queued},
                                       {.reason = quota},
                                       {.reason = api_slow},
                                       {.reason = backing_off},
                                       {.reason = not_heard},
                                       {.reason = moving},
                                       {.reason = paused},
                                       {.reason = suspended},
                                       {.source = "source-1"},
                                       {.source = "source-5"},
                                       {.late = std::chrono::seconds{10}},
                                       {.search = "1", .reason = none, .source = "source-2"}};
    for (auto filter : filters)
      for (auto sort : {standing_sort::worst, standing_sort::name, standing_sort::lateness, standing_sort::rate}) {
        filter.sort = sort;
        totals.clear();
        std::vector<int64_t> ids;
        for (const auto& row : pages(filter, limit))
          ids.push_back(row.connection.value);
        const auto wanted = expected(filter);
        EXPECT_EQ(ids == wanted, true) << "search " << filter.search << " reason " << (filter.reason ? name_of(*filter.reason) : "") << " source "
                                       << filter.source << " state " << (filter.state ? static_cast<int>(*filter.state) : -1) << " sort "
                                       << static_cast<int>(sort) << ": " << ids.size() << " of " << wanted.size();
        for (auto total : totals)
          EXPECT_TRUE(total == -1 || total == static_cast<int64_t>(wanted.size())) << total << " of " << wanted.size();
      }
  }

  int64_t micros() const { return now.time_since_epoch().count(); }

  test_database database;
  test_session session{database.dsn()};
  std::unique_ptr<inspection_store> store = make_postgres_inspection_store(database.settings({1}));
  instant now = wall_clock();
  std::vector<seen> all;
  std::set<int64_t> totals;
};

TEST_F(inspection_test, few_tenants_are_listed_as_one_who_looks_at_every_row_lists_them) {
  fill(1200);
  compare_all(137);
}

TEST_F(inspection_test, many_tenants_are_listed_along_indexes_as_one_who_looks_at_every_row_lists_them) {
  fill(8000);
  compare_all(900);
}

TEST_F(inspection_test, a_row_tells_what_a_connection_waits_for_and_since_when) {
  fill(1200);
  std::map<int64_t, const seen*> by_id;
  for (const auto& one : all)
    by_id[one.id] = &one;
  for (const auto& row : pages({}, 1000)) {
    const auto& one = *by_id.at(row.connection.value);
    EXPECT_EQ(static_cast<int64_t>(row.reason), one.reason(micros())) << row.tenant_name;
    EXPECT_EQ(static_cast<int64_t>(row.state), one.state);
    EXPECT_EQ(row.node, one.owner == 11 ? "n1" : one.owner == 12 ? "n2" : "");
    EXPECT_EQ(row.tenant_name, one.tenant);
    EXPECT_EQ(row.source, "source-" + std::to_string(one.source));
    EXPECT_EQ(row.due ? row.due->time_since_epoch().count() : 0, one.due.value_or(0));
    if (row.reason == wait_reason::suspended) {
      EXPECT_EQ(row.detail, "401");
    } else if (row.reason == wait_reason::quota) {
      EXPECT_EQ(row.detail, "429 of the API");
      EXPECT_EQ(row.since->time_since_epoch().count(), one.told_since);
    }
  }
}

TEST_F(inspection_test, a_tenant_without_a_connection_is_listed_by_name_only) {
  session.run(many_tenants(3) + "INSERT INTO tenant (id, name, shard, state) VALUES (nextval('tenant_id'), 'empty', 5, 1)");
  EXPECT_THAT(pages({}, 10), SizeIs(3));
  auto named = pages({.sort = standing_sort::name}, 10);
  ASSERT_THAT(named, SizeIs(4));
  EXPECT_EQ(named[0].tenant_name, "empty");
  EXPECT_EQ(named[0].connection, connection_id{});
  EXPECT_EQ(named[0].reason, wait_reason::paused);
  EXPECT_THAT(pages({.reason = wait_reason::none, .sort = standing_sort::name}, 10), testing::Each(testing::Field(&standing_row::connection, testing::Ne(connection_id{}))));
  EXPECT_EQ(code_of(store->list_standings({.sort = standing_sort::name, .after = "w1.2.3"}, 10, now).error()), errc::bad_argument);
  EXPECT_EQ(code_of(store->list_standings({.after = "w1.x.3"}, 10, now).error()), errc::bad_argument);
}

TEST_F(inspection_test, the_overview_counts_what_waits_and_names_those_that_wait_longest) {
  fill(1200);
  auto seen_now = store->overview(now);
  ASSERT_TRUE(seen_now) << to_string(seen_now.error());
  std::map<wait_reason, int64_t> waiting;
  for (const auto& one : all)
    if (auto reason = one.reason(micros()); reason > 0)
      ++waiting[static_cast<wait_reason>(reason)];
  EXPECT_EQ(seen_now->waiting, waiting);
  EXPECT_EQ(seen_now->shards_without_node, 82);
  EXPECT_EQ(seen_now->open_continuations, 180);
  EXPECT_EQ(seen_now->tenants[1], 10);
  for (const auto& group : seen_now->groups) {
    EXPECT_NE(group.reason, wait_reason::paused);
    EXPECT_FALSE(group.examples.empty()) << name_of(group.reason) << " " << group.source;
    EXPECT_LE(group.examples.size(), 5u);
    for (const auto& example : group.examples) {
      EXPECT_EQ(example.reason, group.reason);
      EXPECT_EQ(example.source, group.source);
    }
  }
  std::vector<int64_t> late;
  for (const auto& one : all)
    if (one.due && *one.due < micros())
      late.push_back(micros() - *one.due);
  std::sort(late.rbegin(), late.rend());
  EXPECT_EQ(seen_now->lateness.count(), late.at(late.size() / 20));
}

TEST_F(inspection_test, runs_of_all_tenants_come_latest_first_by_what_is_asked) {
  fill(1200);
  auto numbers = [&](const run_filter& filter, size_t limit) {
    std::vector<int64_t> out;
    const auto runs = *store->list_runs(filter, limit);
    for (const auto& each : runs)
      out.push_back(each.run.run.value);
    return out;
  };
  EXPECT_THAT(numbers({}, 3), ElementsAre(1260, 1259, 1258));
  EXPECT_THAT(numbers({.after = 1258}, 2), ElementsAre(1257, 1256));
  EXPECT_THAT(numbers({.phase = run_phase::finished}, 1), ElementsAre(1200));
  EXPECT_THAT(numbers({.kind = run_kind::full}, 1), IsEmpty());
  EXPECT_THAT(numbers({.phase = run_phase::open}, 1000), SizeIs(60));
  const auto name = all.front().tenant;
  EXPECT_EQ(numbers({.tenant = name}, 10).size(), static_cast<size_t>(session.number("SELECT count(*) FROM run r JOIN tenant t ON t.id = r.tenant_id WHERE t.name = '" + name + "'")));
  EXPECT_THAT(numbers({.tenant = "tenant"}, 2), ElementsAre(1260, 1259));
  auto first = store->list_runs({}, 1)->front();
  EXPECT_EQ(first.connection, "main");
  EXPECT_EQ(first.run.open, 3);
}

TEST_F(inspection_test, dead_letters_of_all_tenants_are_listed_and_found) {
  fill(100);
  auto letters = *store->list_dead_letters(0, 4);
  ASSERT_THAT(letters, SizeIs(4));
  EXPECT_EQ(letters[0].connection, "main");
  EXPECT_EQ(letters[0].stream, "orders");
  EXPECT_THAT(*store->list_dead_letters(letters[3].letter.id, 100), SizeIs(6));
  EXPECT_EQ(store->load_dead_letter(letters[1].letter.id)->tenant, letters[1].tenant);
  EXPECT_EQ(code_of(store->load_dead_letter(99'999).error()), errc::not_found);
}

TEST_F(inspection_test, what_changed_is_in_the_trail_latest_first_and_by_tenant) {
  ASSERT_TRUE(store->add_audit({0, {}, "n1", "token", "POST", "/api/v1/tenants", "", "", 201}));
  ASSERT_TRUE(store->add_audit({0, {}, "n1", "token", "PATCH", "/api/v1/tenants/acme", "acme", "", 200}));
  ASSERT_TRUE(store->add_audit({0, {}, "n2", "loopback", "PATCH", "/api/v1/tenants/acme", "acme", "main", 404}));
  auto entries = *store->list_audit("", 0, 10);
  ASSERT_THAT(entries, SizeIs(3));
  EXPECT_EQ(entries[0].node, "n2");
  EXPECT_EQ(entries[0].status, 404);
  EXPECT_THAT(*store->list_audit("acme", 0, 10), SizeIs(2));
  EXPECT_THAT(*store->list_audit("", entries[1].id, 10), SizeIs(1));
}

TEST_F(inspection_test, what_came_of_a_change_is_told_once_it_is_known) {
  const auto id = store->add_audit({0, {}, "n1", "token", "DELETE", "/api/v1/tenants/acme", "acme", "", 0});
  ASSERT_TRUE(id);
  EXPECT_EQ(store->list_audit("", 0, 10)->at(0).status, 0);
  ASSERT_FALSE(store->settle_audit(*id, 202));
  ASSERT_FALSE(store->settle_audit(*id, 500));
  EXPECT_EQ(store->list_audit("", 0, 10)->at(0).status, 202);
}

TEST_F(inspection_test, a_reset_ends_runs_and_forgets_cursors_once_under_one_id) {
  session.run(many_tenants(40) + "INSERT INTO stream_cursor (stream_id, partition, known_up_to) VALUES (20, '', 5), (21, '', 5)");
  auto runs = store->reset({20}, {{20}}, "by a person", {"reset-1"});
  ASSERT_TRUE(runs) << to_string(runs.error());
  ASSERT_THAT(*runs, SizeIs(1));
  EXPECT_EQ(session.number("SELECT phase FROM run WHERE id = " + to_string(runs->at(0))), 3);
  EXPECT_EQ(session.number("SELECT count(*) FROM continuation WHERE run_id = " + to_string(runs->at(0)) + " AND phase = 0"), 0);
  EXPECT_EQ(session.number("SELECT count(*) FROM stream_cursor"), 1) << "that of another connection stays";
  session.run("INSERT INTO stream_cursor (stream_id, partition, known_up_to) VALUES (20, '', 9)");
  EXPECT_EQ(*store->reset({20}, {{20}}, "by a person", {"reset-1"}), *runs);
  EXPECT_EQ(session.number("SELECT count(*) FROM stream_cursor"), 2) << "the same again does nothing";
  EXPECT_EQ(code_of(store->reset({20}, {{21}}, "by a person", {}).error()), errc::not_found);
  EXPECT_EQ(code_of(store->reset({21}, {{21}}, "by a person", {"reset-1"}).error()), errc::conflict);
}

TEST_F(inspection_test, a_backfill_of_a_span_stands_with_its_request_and_goes_with_it) {
  session.run(many_tenants(40));
  auto at = [](int hour) { return instant{std::chrono::hours{hour}}; };
  EXPECT_FALSE(store->load_backfill({21})->has_value());
  EXPECT_EQ(store->request_backfill({21}, {{at(1), at(5)}, {{21}}}, now, {"fill-1"})->answer, request_answer::accepted);
  auto order = store->load_backfill({21})->value();
  EXPECT_EQ(order.span.from, at(1));
  EXPECT_EQ(order.span.to, at(5));
  EXPECT_THAT(order.streams, ElementsAre(stream_id{21}));
  EXPECT_EQ(store->request_backfill({21}, {{at(1), at(5)}, {{21}}}, now, {"fill-1"})->answer, request_answer::accepted) << "as the first time";
  EXPECT_EQ(store->request_backfill({21}, {{at(1), at(5)}, {{21}}}, now, {})->answer, request_answer::already_requested);
  EXPECT_EQ(code_of(store->request_backfill({21}, {{at(2), at(5)}, {{21}}}, now, {}).error()), errc::conflict);
  EXPECT_EQ(code_of(store->request_backfill({21}, {{at(5), at(5)}}, now, {}).error()), errc::bad_argument);
  session.run("DELETE FROM requested_run"); // as the start of its run does
  EXPECT_FALSE(store->load_backfill({21})->has_value());
}

TEST_F(inspection_test, progress_counts_partitions_and_what_is_owed) {
  session.run(many_tenants(40) + "UPDATE continuation SET phase = CASE partition WHEN '1' THEN 1 WHEN '2' THEN 2 ELSE 0 END, records = 10, inserted = 1 "
                                 "WHERE stream_id = 20; INSERT INTO stream_cursor (stream_id, partition, known_up_to) VALUES (20, '9', 5)");
  auto rows = *store->list_progress({20});
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].partitions, 4);
  EXPECT_EQ(rows[0].partitions_open, 1);
  EXPECT_EQ(rows[0].owed, 1);
  EXPECT_EQ(rows[0].read, 30);
  EXPECT_EQ(rows[0].changed, 3);
  EXPECT_DOUBLE_EQ(*rows[0].done_share, 2.0 / 3);
  EXPECT_FALSE(store->list_progress({21})->at(0).done_share);
}

TEST_F(inspection_test, moves_tell_from_whom_to_whom) {
  session.run("INSERT INTO node (incarnation, name, state) VALUES (11, 'n1', 1), (12, 'n2', 1);"
              "SELECT lode_claim(11, 1, ARRAY[1, 2, 3]::bigint[], '{}'); SELECT lode_release(11, ARRAY[2]::bigint[]);"
              "SELECT lode_claim(12, 1, ARRAY[2]::bigint[], '{}'); UPDATE node SET state = 3 WHERE incarnation = 11;"
              "SELECT lode_claim(12, 1, ARRAY[1, 3]::bigint[], ARRAY[11]::bigint[])");
  std::vector<std::string> words;
  const auto moves = *store->list_moves();
  for (const auto& move : moves)
    words.push_back(move.from + ">" + move.to + " " + std::to_string(move.shards) + ": " + move.because);
  EXPECT_THAT(words, ElementsAre("n1>n2 2: n1 was declared gone", ">n2 1: they were handed over", "n1> 1: it gives them away", ">n1 3: nobody had them yet"));
}

/// Figures, not a test: with --gtest_also_run_disabled_tests.
TEST_F(inspection_test, DISABLED_how_long_lists_of_a_hundred_thousand_take) {
  session.run(many_tenants(100'000));
  session.run("VACUUM ANALYZE");
  auto measure = [&](const std::string& what, auto ask) {
    ask();
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 10; ++i)
      ask();
    std::cout << what << ": " << std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count() / 10 << " ms\n";
  };
  const std::pair<const char*, standing_filter> filters[] = {
    {"all", {}}, {"search of many", {.search = "1"}}, {"search of few", {.search = "0012"}}, {"search of none", {.search = "zzz"}},
    {"reason none", {.reason = wait_reason::none}}, {"reason quota", {.reason = wait_reason::quota}}, {"reason moving", {.reason = wait_reason::moving}},
    {"reason queued", {.reason = wait_reason::queued}}, {"paused", {.state = activity::paused}}, {"source of many", {.source = "source-1"}},
    {"source of few", {.source = "source-5"}}, {"late", {.late = std::chrono::seconds{10}}},
    {"three filters", {.search = "1", .reason = wait_reason::none, .source = "source-2"}}};
  for (auto [what, filter] : filters)
    for (auto sort : {standing_sort::worst, standing_sort::name, standing_sort::lateness, standing_sort::rate}) {
      filter.sort = sort;
      measure(std::string{what} + ", sort " + std::to_string(static_cast<int>(sort)), [&] { (void)store->list_standings(filter, 200, now); });
    }
  measure("overview", [&] { (void)store->overview(now); });
  measure("runs", [&] { (void)store->list_runs({}, 100); });
  measure("open runs", [&] { (void)store->list_runs({.phase = run_phase::open}, 100); });
  measure("runs of a tenant", [&] { (void)store->list_runs({.tenant = "tenant-0012"}, 100); });
  measure("dead letters", [&] { (void)store->list_dead_letters(0, 100); });
}

} // namespace

} // namespace lode::test

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "tests/audit/could_not_audit.hpp"
#include "tests/audit/http_get.hpp"
#include "tests/audit/run_audit.hpp"

namespace audit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto line = R"({"tenant":"a","stream":"posts","key":"k\u0031","deleted":false,"version":3,"uncertain":true,)"
                      R"("record":{"x":"}\"]", "y" : [1.10]},"served":[{"version":1,"record":{}},{"version":3,"record":{"z":1}}]})";

template <class Function>
std::string failure_of(Function function) {
  try {
    function();
  } catch (const could_not_audit& error) {
    return error.what();
  }
  return "no failure";
}

TEST(truth_test, reads_a_line_and_keeps_the_bytes_of_its_records) {
  auto truth = parse_truth(std::string{line} + "\n\n");
  ASSERT_EQ(truth.records.size(), 1u);
  const auto& record = truth.records.front();
  EXPECT_EQ(record.stream, "posts");
  EXPECT_EQ(record.key, "k1");
  EXPECT_EQ(record.version, 3u);
  EXPECT_TRUE(record.uncertain);
  EXPECT_EQ(record.final, R"({"x":"}\"]", "y" : [1.10]})");
  ASSERT_EQ(record.served.size(), 2u);
  EXPECT_EQ(record.served[1].number, 3u);
  EXPECT_EQ(record.served[1].text, R"({"z":1})");
}

TEST(truth_test, a_deleted_record_has_no_text) {
  auto truth = parse_truth(R"({"stream":"s","key":"1","deleted":true,"version":0,"record":null,"served":[]})");
  EXPECT_TRUE(truth.records.front().deleted);
  EXPECT_TRUE(truth.records.front().final.empty());
}

TEST(truth_test, a_line_that_is_cut_or_lacks_something_is_no_truth) {
  std::string whole{line};
  for (size_t size = 1; size < whole.size(); ++size)
    EXPECT_NE(failure_of([&] { parse_truth(whole.substr(0, size)); }), "no failure") << whole.substr(0, size);
  EXPECT_THAT(failure_of([] { parse_truth(R"({"stream":"s","key":"1","record":{}})"); }), HasSubstr("lacks"));
}

TEST(truth_test, a_file_is_read_by_tenant) {
  char path[] = "/tmp/lode-truth.XXXXXX";
  close(mkstemp(path));
  for (const auto* text : {"b", "a", "b"})
    std::ofstream{path, std::ios::app} << R"({"tenant":")" << text
                                       << R"(","stream":"s","key":"1","deleted":false,"record":{},"served":[]})" << "\n";
  auto truth = open_truth(path);
  std::remove(path);
  EXPECT_THAT(truth->tenants(), ElementsAre("a", "b"));
  EXPECT_EQ(truth->read("b").records.size(), 2u);
}

TEST(truth_test, a_file_that_is_not_there_is_named) {
  EXPECT_THAT(failure_of([] { open_truth("/nowhere/truth"); }), HasSubstr("'/nowhere/truth'"));
}

TEST(http_test, joins_chunks) {
  EXPECT_EQ(body_of("HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"),
            "abc0123456789");
}

TEST(http_test, an_answer_that_is_cut_short_is_no_answer) {
  std::string whole = "HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(failure_of([&] { body_of(whole.substr(0, size)); }), "no failure") << size;
  EXPECT_NE(failure_of([] { body_of("HTTP/1.1 200 -\r\nContent-Length: 4\r\n\r\nabc"); }), "no failure");
  EXPECT_EQ(body_of("HTTP/1.1 200 -\r\nContent-Length: 3\r\n\r\nabc"), "abc");
}

TEST(http_test, another_status_is_a_failure_that_shows_the_answer) {
  EXPECT_THAT(failure_of([] { body_of("HTTP/1.1 404 -\r\nContent-Length: 2\r\n\r\nno"); }), HasSubstr("status 404: no"));
}

/// A store that knows one tenant with nothing in it.
struct empty_store : store_reader {
  uint64_t hash_seed() override { return 1; }
  std::vector<std::string> tenants() override { return {"a", "stranger"}; }
  store_of_tenant read(const std::string&) override { return {}; }
};

struct run_audit_test : testing::Test {
  void SetUp() override {
    close(mkstemp(path));
    std::ofstream{path} << line << "\n";
    settings.truth = path;
    settings.open_store = [] { return std::make_unique<empty_store>(); };
  }
  void TearDown() override { std::remove(path); }

  char path[32] = "/tmp/lode-truth.XXXXXX";
  audit_settings settings;
};

TEST_F(run_audit_test, counts_over_all_tenants_and_shows_those_it_cannot_judge) {
  auto outcome = run_audit(settings);
  EXPECT_EQ(outcome.total.lost, 1);
  EXPECT_EQ(outcome.not_audited, 1);
  EXPECT_THAT(to_text(outcome), HasSubstr("row_missing  a posts k1: the store has no such key\n"));
  EXPECT_THAT(to_text(outcome), HasSubstr("lost 1, duplicated 0, damaged 0\n"));
  EXPECT_THAT(to_text(outcome), HasSubstr("NOT VERIFIED"));
  EXPECT_THAT(to_json(outcome, 1.5), HasSubstr(R"("verified":false,"tenants":1)"));
}

TEST_F(run_audit_test, an_audit_of_nothing_proves_nothing) {
  std::ofstream{path, std::ios::trunc};
  EXPECT_THAT(failure_of([&] { run_audit(settings); }), HasSubstr("no tenants"));
}

TEST_F(run_audit_test, a_named_tenant_that_the_truth_lacks_is_a_mistake) {
  settings.served_only = {"b"};
  EXPECT_THAT(failure_of([&] { run_audit(settings); }), HasSubstr("no tenant 'b'"));
}

TEST_F(run_audit_test, a_store_that_fails_ends_the_audit) {
  settings.open_store = []() -> std::unique_ptr<store_reader> { throw could_not_audit{"store: gone"}; };
  EXPECT_EQ(failure_of([&] { run_audit(settings); }), "store: gone");
}

} // namespace
} // namespace audit

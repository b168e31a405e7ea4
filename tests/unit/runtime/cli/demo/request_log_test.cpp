#include <gtest/gtest.h>

#include <string>

#include "runtime/cli/demo/request_log.hpp"

namespace lode::demo {

namespace {

constexpr int64_t kill_at = 1'000;

std::string line(int64_t time, const std::string& tenant, const std::string& page, int status = 200, bool completed = true,
                 const std::string& fault = "") {
  return R"({"seq":1,"time":)" + std::to_string(time) + R"(,"tenant":")" + tenant + R"(","stream":"posts","page":")" + page
         + R"(","status":)" + std::to_string(status) + R"(,"fault":")" + fault + R"(","completed":)" + (completed ? "true" : "false")
         + ",\"records\":1}\n";
}

} // namespace

TEST(request_log, a_page_read_whole_before_and_after_the_kill_was_fetched_again) {
  EXPECT_EQ(count_refetched(line(900, "a", "1") + line(1'100, "a", "1"), {.kill = kill_at}), 1);
}

TEST(request_log, a_new_page_after_the_kill_was_not) {
  EXPECT_EQ(count_refetched(line(900, "a", "1") + line(1'100, "a", "2"), {.kill = kill_at}), 0);
}

TEST(request_log, the_same_page_of_another_tenant_is_another_page) {
  EXPECT_EQ(count_refetched(line(900, "a", "1") + line(1'100, "b", "1"), {.kill = kill_at}), 0);
}

TEST(request_log, what_came_twice_before_the_kill_has_other_reasons) {
  EXPECT_EQ(count_refetched(line(800, "a", "1") + line(900, "a", "1"), {.kill = kill_at}), 0);
}

TEST(request_log, another_pass_reads_its_pages_anew) {
  auto log = line(500, "a", "1") + line(900, "a", "2") + line(1'100, "a", "1") + line(1'100, "a", "2");
  EXPECT_EQ(count_refetched(log, {.kill = kill_at, .pass_began = 800}), 1);
}

TEST(request_log, only_tenants_that_are_asked_for_count) {
  auto log = line(900, "a", "1") + line(900, "b", "1") + line(1'100, "a", "1") + line(1'100, "b", "1");
  EXPECT_EQ(count_refetched(log, {.kill = kill_at, .tenants = {"b", "c"}}), 1);
}

TEST(request_log, broken_answers_are_no_pages) {
  EXPECT_EQ(count_refetched(line(900, "a", "1", 503) + line(1'100, "a", "1"), {.kill = kill_at}), 0);
  EXPECT_EQ(count_refetched(line(900, "a", "1", 200, false) + line(1'100, "a", "1"), {.kill = kill_at}), 0);
  EXPECT_EQ(count_refetched(line(900, "a", "1", 200, true, "invalid_json") + line(1'100, "a", "1"), {.kill = kill_at}), 0);
}

TEST(request_log, a_page_counts_once_and_noise_not_at_all) {
  EXPECT_EQ(count_refetched("noise\n" + line(900, "a", "1") + "{}\n" + line(1'100, "a", "1") + line(1'200, "a", "1"), {.kill = kill_at}), 1);
}

} // namespace lode::demo

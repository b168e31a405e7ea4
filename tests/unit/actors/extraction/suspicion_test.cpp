#include "actors/extraction/suspicion.hpp"

#include <gtest/gtest.h>

#include "tests/support/mining_fixtures.hpp"

using namespace lode;

namespace {

continuation_row row_of(int32_t crash_resumes, int32_t alone_deaths) {
  return {continuation_id{5}, run_id{2}, stream_id{100}, "", {}, 1, "", crash_resumes, alone_deaths};
}

} // namespace

TEST(suspicion_test, three_deaths_without_a_page_between_make_a_suspect_and_more_of_them_nothing_worse) {
  EXPECT_EQ(standing_of(row_of(0, 0)), standing::trusted);
  EXPECT_EQ(standing_of(row_of(2, 0)), standing::trusted);
  EXPECT_EQ(standing_of(row_of(3, 0)), standing::suspect);
  EXPECT_EQ(standing_of(row_of(1'000'000, 0)), standing::suspect);
}

TEST(suspicion_test, two_deaths_with_its_page_alone_in_work_condemn_and_one_does_not) {
  EXPECT_EQ(standing_of(row_of(4, 1)), standing::suspect);
  EXPECT_EQ(standing_of(row_of(5, 2)), standing::condemned);
  EXPECT_EQ(standing_of(row_of(50, 2)), standing::condemned) << "deaths by other causes between them clear nobody";
}

TEST(suspicion_test, the_reason_names_what_died_where_and_what_to_do) {
  auto row = row_of(5, 2);
  row.slice = {instant{std::chrono::seconds{1'704'067'200}}, instant{std::chrono::seconds{1'711'929'600}}};
  EXPECT_EQ(reason_for_suspension(*item_connection(1, item_plan()), 0, row),
            "tenant1/items/items from 2024-01-01T00:00:00Z to 2024-04-01T00:00:00Z: the process died while this page was in "
            "work, 2 times with nothing beside it. Find out what in the API's answer does that, then: lode connection "
            "resume tenant1 items");
}

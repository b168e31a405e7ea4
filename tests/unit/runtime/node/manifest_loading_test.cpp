#include "runtime/node/manifest_loading.hpp"

#include <gmock/gmock.h>

#include "messages/type_ids.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

const auto known = builtin_extensions();

source_row source_of(const std::string& stream_lines) {
  return {{}, "items-api", "v1",
          "version: 6.0.0\ntype: DeclarativeSource\ncheck: {type: CheckStream, stream_names: [items]}\nstreams:\n"
          "  - type: DeclarativeStream\n    name: items\n    primary_key: id\n"
            + stream_lines
            + "    retriever:\n      type: SimpleRetriever\n"
              "      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}\n"
              "      requester: {type: HttpRequester, url_base: \"https://api.test\", path: items}\n"};
}

} // namespace

TEST(manifest_loading, gives_plans_the_nodes_settings_for_what_a_source_leaves_open) {
  mining_settings mining;
  mining.request_retries = 9;
  mining.retry_min = 20ms;
  mining.retry_max = 40ms;
  auto plan = load_plan(source_of(""), manifest_setup_of(mining, known));
  ASSERT_TRUE(plan) << message_of(plan.error());
  const auto& retries = (*plan)->streams.at(0).error_rules.defaults;
  EXPECT_EQ(retries.retries, 9u);
  EXPECT_EQ(retries.shortest, 20ms);
  EXPECT_EQ(retries.longest, 40ms);
}

TEST(manifest_loading, a_source_that_cannot_be_executed_is_named_with_all_that_is_wrong) {
  auto plan = load_plan(source_of("    x-lode: {settle_time: soon, page_bytes_estimate: 1}\n"), manifest_setup_of({}, known));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error(), errc::bad_source);
  EXPECT_THAT(message_of(plan.error()), testing::AllOf(HasSubstr("items-api"), HasSubstr("268435456 bytes, found 1"), HasSubstr("settle_time")));
}

#include "manifest_text.hpp"

#include <fstream>

#include "runtime/manifest/lint.hpp"

namespace lode {
namespace {

using namespace std::chrono_literals;

/// Tests run in the root of the repository.
std::filesystem::path example(const char* name) {
  return std::filesystem::path{"config/examples/sources"} / name;
}

TEST(example_sources, load_and_lint_without_a_word) {
  for (auto name : {"graph.yaml", "crm.yaml", "shop.yaml"}) {
    auto report = lint(example(name));
    EXPECT_TRUE(report.errors.empty() && report.unsupported.empty() && report.warnings.empty()) << name;
    EXPECT_FALSE(report.supported_streams.empty()) << name;
  }
}

TEST(example_sources, let_a_second_pass_before_a_change_is_final) {
  for (auto name : {"graph.yaml", "crm.yaml", "shop.yaml"}) {
    auto loaded = load_manifest(example(name));
    for (auto& stream : loaded.plan->streams)
      EXPECT_EQ(stream.lode.settle_time, 1s) << name << " " << stream.name;
  }
}

TEST(example_sources, mine_graph_by_next_links_with_comments_below_posts) {
  auto plan = load_manifest(example("graph.yaml")).plan;
  auto* posts = plan->find("posts");
  auto* comments = plan->find("comments");
  ASSERT_TRUE(posts && comments);
  EXPECT_TRUE(posts->is_parent);
  EXPECT_TRUE(std::holds_alternative<token_is_request_path>(posts->paginator.token_option));
  auto& parent = std::get<substream_router>(comments->routers.at(0)).parents.at(0);
  EXPECT_EQ(&plan->streams[parent.stream], posts);
  EXPECT_TRUE(parent.incremental_dependency);
  EXPECT_EQ(plan->secret_fields, std::vector<field_path>{{"access_token"}});
}

TEST(example_sources, tell_a_dead_token_from_a_quota_in_graph_errors) {
  auto plan = load_manifest(example("graph.yaml")).plan;
  auto& filters = plan->find("posts")->error_rules.handlers.at(0).filters;
  auto first_match = [&](std::string_view body) {
    expression::context names{{}};
    names.set("response", *expression::parse_json(body));
    names.set("headers", expression::value_map{});
    for (auto& filter : filters)
      if (auto held = evaluate_condition(*filter.predicate, names); held && *held)
        return static_cast<int>(filter.action);
    return -1;
  };
  EXPECT_EQ(first_match(R"({"error":{"code":190,"error_subcode":463}})"), static_cast<int>(response_action::fail));
  EXPECT_EQ(first_match(R"({"error":{"code":17}})"), static_cast<int>(response_action::rate_limited));
  EXPECT_EQ(first_match(R"({"error":{"code":100,"error_subcode":33}})"), static_cast<int>(response_action::ignore));
  EXPECT_EQ(first_match(R"({"error":{"code":100,"error_subcode":1487534}})"), static_cast<int>(response_action::reset_pagination));
  EXPECT_EQ(first_match(R"({"data":[]})"), -1);
}

TEST(example_sources, mine_shop_by_link_number_and_offset) {
  auto plan = load_manifest(example("shop.yaml")).plan;
  EXPECT_TRUE(std::holds_alternative<cursor_paging>(plan->find("orders")->paginator.strategy));
  EXPECT_TRUE(std::holds_alternative<page_number_paging>(plan->find("products")->paginator.strategy));
  EXPECT_TRUE(std::holds_alternative<offset_paging>(plan->find("customers")->paginator.strategy));
  EXPECT_TRUE(plan->find("orders")->omit_slice_parameters_on_later_pages);
}

TEST(example_sources, follow_the_link_header_of_shop_until_there_is_no_next) {
  auto plan = load_manifest(example("shop.yaml")).plan;
  auto& pages = std::get<cursor_paging>(plan->find("orders")->paginator.strategy);
  expression::context names{{}};
  names.set("headers", *expression::parse_json(R"({"link":{"previous":{"url":"p"},"next":{"url":"http://s/x?page_info=2"}}})"));
  EXPECT_FALSE(*evaluate_condition(*pages.stop_condition, names));
  EXPECT_EQ(*evaluate_text(pages.cursor_value, names), "http://s/x?page_info=2");
  names.set("headers", *expression::parse_json(R"({"date":"x"})"));
  EXPECT_TRUE(*evaluate_condition(*pages.stop_condition, names));
}

lint_report lint_text(const std::string& text) {
  auto name = std::string{testing::UnitTest::GetInstance()->current_test_info()->name()};
  auto file = std::filesystem::path{testing::TempDir()} / (name + ".yaml");
  std::ofstream{file} << text;
  auto report = lint(file);
  std::filesystem::remove(file);
  return report;
}

constexpr auto by_date = "    incremental_sync: {cursor_field: at, type: DatetimeBasedCursor, datetime_format: '%s', start_datetime: '0'}\n";
constexpr auto by_offset = "      paginator: {type: DefaultPaginator, page_token_option: {inject_into: request_parameter, field_name: o}, "
                           "pagination_strategy: {type: OffsetIncrement, page_size: 10}}\n";

TEST(source_lint, warns_of_what_is_legal_but_risky) {
  auto text = std::string{manifest_text{.stream = by_date, .retriever = by_offset}};
  text.replace(text.find("    primary_key: id\n"), 20, "");
  auto report = lint_text(text);
  ASSERT_EQ(report.warnings.size(), 3u);
  EXPECT_THAT(report.warnings[0].message, testing::HasSubstr("no primary_key"));
  EXPECT_THAT(report.warnings[1].message, testing::HasSubstr("offset paging with incremental_sync"));
  EXPECT_THAT(report.warnings[2].message, testing::HasSubstr("incremental_sync without start_time_option"));
  EXPECT_EQ(report.supported_streams, std::vector<std::string>{"items"});
}

TEST(source_lint, does_not_warn_of_shifting_rows_that_a_later_run_finds) {
  EXPECT_TRUE(lint_text(manifest_text{.retriever = by_offset}).warnings.empty()) << "each run reads all";
  auto dated = std::string{by_date} + "    x-lode: {full_pass_every: 7d}\n";
  auto report = lint_text(manifest_text{.stream = dated, .retriever = by_offset});
  ASSERT_EQ(report.warnings.size(), 1u);
  EXPECT_THAT(report.warnings[0].message, testing::HasSubstr("incremental_sync without start_time_option"));
}

TEST(source_lint, warns_of_an_order_by_creation_that_claims_to_be_one_by_change) {
  auto report = lint_text(manifest_text{.stream = "    x-lode: {ordering_field: created_at, ordering_format: '%s', order: newest_first}\n"});
  ASSERT_EQ(report.warnings.size(), 1u);
  EXPECT_THAT(report.warnings[0].message, testing::HasSubstr("created_at looks like a time of creation"));
}

TEST(source_lint, warns_of_newest_first_with_page_tokens_that_count) {
  auto with_token = [](const std::string& code) {
    return lint_text(manifest_text{.stream = "    x-lode: {ordering_field: at, ordering_format: '%s', order: newest_first}\n",
                                   .retriever = "      paginator: {type: DefaultPaginator, page_token_option: {inject_into: "
                                                "request_parameter, field_name: p}, pagination_strategy: {type: CursorPagination, "
                                                "cursor_value: \"" + code + "\"}}\n"}).warnings;
  };
  EXPECT_TRUE(with_token("{{ response['next'] }}").empty());
  for (auto code : {"{{ response['page'] + 1 }}", "{{ response['next_offset'] }}"}) {
    auto warnings = with_token(code);
    ASSERT_EQ(warnings.size(), 1u) << code;
    EXPECT_THAT(warnings[0].message, testing::HasSubstr("tokens that stay at their record"));
  }
}

TEST(source_lint, warns_of_a_parent_that_is_read_whole_although_it_has_a_cursor) {
  auto with_children = [](const std::string& dependency, const std::string& order = by_date) {
    auto text = std::string{manifest_text{.stream = order}};
    return text + "  - type: DeclarativeStream\n    name: parts\n    primary_key: id\n    retriever:\n      type: SimpleRetriever\n"
                  "      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [data]}}\n"
                  "      requester: {type: HttpRequester, url_base: 'https://x', path: parts}\n"
                  "      partition_router: {type: SubstreamPartitionRouter, parent_stream_configs: [{type: ParentStreamConfig, "
                  "stream: '#/streams/0', parent_key: id, partition_field: item, incremental_dependency: " + dependency + "}]}\n";
  };
  auto report = lint_text(with_children("false"));
  ASSERT_FALSE(report.warnings.empty());
  EXPECT_THAT(report.warnings.back().message, testing::StartsWith("stream items: incremental_sync saves nothing where parts is mined too"));
  auto count = report.warnings.size();
  EXPECT_EQ(lint_text(with_children("true")).warnings.size(), count - 1);
  constexpr auto newest_first = "    x-lode: {ordering_field: at, ordering_format: '%s', order: newest_first}\n";
  report = lint_text(with_children("false", newest_first));
  ASSERT_EQ(report.warnings.size(), 1u);
  EXPECT_THAT(report.warnings[0].message, testing::HasSubstr("x-lode.order: newest first saves nothing where parts is mined too"));
  EXPECT_TRUE(lint_text(with_children("true", newest_first)).warnings.empty());
}

} // namespace
} // namespace lode

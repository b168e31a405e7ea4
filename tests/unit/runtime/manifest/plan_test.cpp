#include "manifest_text.hpp"

namespace lode {
namespace {

using testing::HasSubstr;

TEST(plan, reads_primary_keys_in_all_three_forms) {
  auto key = [](const std::string& yaml) {
    auto text = std::string{manifest_text{}};
    text.replace(text.find("primary_key: id"), 15, "primary_key: " + yaml);
    return load_stream(text).primary_key;
  };
  EXPECT_EQ(key("id"), (std::vector<field_path>{{"id"}}));
  EXPECT_EQ(key("[a, b]"), (std::vector<field_path>{{"a"}, {"b"}}));
  EXPECT_EQ(key("[[a, x], [b]]"), (std::vector<field_path>{{"a", "x"}, {"b"}}));
  EXPECT_EQ(key("[]"), std::vector<field_path>{});
}

TEST(plan, holds_each_authenticator) {
  auto auth = [](const std::string& yaml) {
    return load_stream(manifest_text{.requester = "        authenticator: " + yaml + "\n"}).requester.authenticator;
  };
  EXPECT_TRUE(std::holds_alternative<no_auth>(auth("{type: NoAuth}")));
  EXPECT_TRUE(std::holds_alternative<bearer_auth>(auth("{type: BearerAuthenticator, api_token: \"{{ config['t'] }}\"}")));
  EXPECT_TRUE(std::holds_alternative<basic_auth>(auth("{type: BasicHttpAuthenticator, username: u}")));
  auto key = std::get<api_key_auth>(auth("{type: ApiKeyAuthenticator, api_token: t, header: X-Key}"));
  EXPECT_EQ(key.into.into, request_option::place::header);
  EXPECT_EQ(key.into.field_name.source(), "X-Key");
  auto oauth = std::get<oauth_auth>(auth("{type: OAuthAuthenticator, token_refresh_endpoint: e, client_id: i, client_secret: s, "
                                         "refresh_token: r, scopes: [a, b], refresh_token_updater: {}}"));
  EXPECT_EQ(oauth.grant_type.source(), "refresh_token");
  EXPECT_EQ(oauth.scopes, (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(oauth.updater);
  EXPECT_EQ(oauth.updater->refresh_token_path, (field_path{"credentials", "refresh_token"}));
}

TEST(plan, holds_each_pagination_strategy) {
  auto pages = [](const std::string& strategy, const std::string& option = "{type: RequestPath}") {
    return load_stream(manifest_text{.retriever = "      paginator:\n        type: DefaultPaginator\n        page_token_option: " + option
                                                  + "\n        pagination_strategy: " + strategy + "\n"})
      .paginator;
  };
  auto cursor = pages("{type: CursorPagination, cursor_value: \"{{ headers['link']['next']['url'] }}\", page_size: 10}");
  EXPECT_TRUE(std::holds_alternative<token_is_request_path>(cursor.token_option));
  EXPECT_EQ(std::get<cursor_paging>(cursor.strategy).page_size->source(), "10");
  auto number = pages("{type: PageIncrement, start_from_page: 1, page_size: 50, inject_on_first_request: true}",
                      "{inject_into: request_parameter, field_name: page}");
  EXPECT_EQ(std::get<page_number_paging>(number.strategy).start_from_page, 1);
  EXPECT_TRUE(std::get<page_number_paging>(number.strategy).inject_on_first_request);
  auto offset = pages("{type: OffsetIncrement, page_size: \"{{ response.get('limit') }}\"}", "{inject_into: header, field_name: o}");
  EXPECT_EQ(std::get<request_option>(offset.token_option).into, request_option::place::header);
}

TEST(plan, refuses_a_page_size_option_without_a_page_size) {
  auto loaded = load(manifest_text{.retriever = "      paginator: {type: DefaultPaginator, page_size_option: {inject_into: header, "
                                                "field_name: n}, pagination_strategy: {type: CursorPagination, cursor_value: x}}\n"});
  EXPECT_THAT(messages(loaded), testing::ElementsAre(HasSubstr("'page_size_option' needs a 'page_size'")));
}

TEST(plan, flattens_composite_error_handlers_in_order) {
  auto stream = load_stream(manifest_text{.requester = R"(        error_handler:
          type: CompositeErrorHandler
          error_handlers:
            - type: DefaultErrorHandler
              max_retries: 3
              response_filters: [{action: IGNORE, http_codes: [404, 410]}]
              backoff_strategies: [{type: ConstantBackoffStrategy, backoff_time_in_seconds: 5}, {type: ExponentialBackoffStrategy}]
            - type: DefaultErrorHandler
              response_filters: [{action: RATE_LIMITED, predicate: "{{ response.code == 4 }}"}, {action: FAIL, error_message_contains: dead}]
              backoff_strategies: [{type: WaitTimeFromHeader, header: Retry-After, regex: "[0-9]+"}, {type: WaitUntilTimeFromHeader, header: R, min_wait: 2}]
)"});
  auto& handlers = stream.error_rules.handlers;
  ASSERT_EQ(handlers.size(), 2u);
  EXPECT_EQ(handlers[0].max_retries, 3u);
  EXPECT_EQ(handlers[0].filters[0].codes, (std::vector<uint16_t>{404, 410}));
  EXPECT_EQ(handlers[0].filters[0].action, response_action::ignore);
  EXPECT_TRUE(std::holds_alternative<exponential_backoff>(handlers[0].backoffs[1]));
  EXPECT_EQ(handlers[1].filters[0].action, response_action::rate_limited);
  EXPECT_EQ(handlers[1].filters[1].error_message_contains, "dead");
  EXPECT_TRUE(std::holds_alternative<wait_until_from_header>(handlers[1].backoffs[1]));
}

TEST(plan, keeps_config_out_of_predicates) {
  auto loaded = load(manifest_text{.requester = "        error_handler: {type: DefaultErrorHandler, response_filters: [{action: FAIL, "
                                                "predicate: \"{{ config.x }}\"}]}\n"});
  EXPECT_THAT(messages(loaded), testing::ElementsAre(HasSubstr("unknown name 'config'; known here: response, headers, parameters")));
}

TEST(plan, holds_bodies_with_templates_at_any_depth) {
  auto stream = load_stream(manifest_text{.requester = "        http_method: post\n"
                                                       "        request_body_json: {a: [\"{{ config.x }}\", 5], b: {c: true}}\n"});
  EXPECT_EQ(stream.requester.method, http_method::post);
  auto& body = std::get<json_body>(stream.requester.body).content;
  auto& entries = std::get<template_tree::map>(body.node);
  ASSERT_EQ(entries.size(), 2u);
  auto& list = std::get<template_tree::list>(entries[0].second.node);
  EXPECT_EQ(std::get<program>(list[0].node).source(), "{{ config.x }}");
  EXPECT_EQ(std::get<expression::value>(list[1].node).integer(), 5);
}

TEST(plan, holds_windows_and_record_changes) {
  auto stream = load_stream(manifest_text{.stream = R"(    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: updated_at
      datetime_format: "%Y-%m-%d"
      start_datetime: {datetime: "{{ config['start'] }}", datetime_format: "%s", min_datetime: "2020-01-01"}
      end_datetime: 2024-01-31
      step: P1M
      cursor_granularity: P1D
      lookback_window: "P{{ config.get('days', 3) }}D"
      start_time_option: {inject_into: request_parameter, field_name: from}
    transformations:
      - {type: AddFields, fields: [{path: [meta, source], value: "{{ config.name }}", value_type: string}]}
      - {type: RemoveFields, field_pointers: [[a, b], ["*"]]}
)"});
  ASSERT_TRUE(stream.incremental);
  EXPECT_EQ(stream.incremental->start.format, "%s");
  EXPECT_EQ(stream.incremental->start.minimum.source(), "2020-01-01");
  EXPECT_EQ(stream.incremental->end->datetime.source(), "2024-01-31");
  EXPECT_FALSE(stream.incremental->lookback->is_plain());
  EXPECT_EQ(stream.incremental->slice_start_field, "start_time");
  EXPECT_FALSE(stream.incremental->end_option);
  ASSERT_EQ(stream.transformations.size(), 2u);
  EXPECT_EQ(std::get<add_fields>(stream.transformations[0]).fields[0].value_type, added_field::type::text);
  EXPECT_EQ(std::get<remove_fields>(stream.transformations[1]).paths[0], (field_path{"a", "b"}));
}

std::string family(const std::string& parent_extra) {
  return R"(version: 6.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [posts]}
definitions:
  requester: {type: HttpRequester, url_base: "https://x", path: p}
  selector: {extractor: {field_path: []}}
  posts:
    type: DeclarativeStream
    name: posts
    $parameters: {name: posts}
    primary_key: id
    retriever: {requester: "#/definitions/requester", record_selector: "#/definitions/selector"}
streams:
  - type: DeclarativeStream
    name: comments
    $parameters: {name: comments, colour: red}
    retriever:
      requester: "#/definitions/requester"
      record_selector: "#/definitions/selector"
      partition_router:
        type: SubstreamPartitionRouter
        parent_stream_configs:
          - {parent_key: id, partition_field: post, stream: {$ref: "#/definitions/posts")"
         + parent_extra + R"(}}
  - "#/definitions/posts"
)";
}

TEST(plan, knows_a_parent_that_is_a_listed_stream_and_puts_it_first) {
  auto loaded = load(family(""));
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  auto& streams = loaded.plan->streams;
  ASSERT_EQ(streams.size(), 2u);
  EXPECT_EQ(streams[0].name, "posts");
  EXPECT_TRUE(streams[0].is_parent);
  EXPECT_TRUE(streams[0].is_selectable);
  EXPECT_EQ(std::get<substream_router>(streams[1].routers[0]).parents[0].stream, 0u);
}

TEST(plan, keeps_a_parent_that_differs_from_the_listed_stream_apart) {
  auto loaded = load(family(", primary_key: other"));
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  auto& streams = loaded.plan->streams;
  ASSERT_EQ(streams.size(), 3u);
  EXPECT_EQ(streams[0].name, "posts (parent 1)");
  EXPECT_FALSE(streams[0].is_selectable);
  EXPECT_EQ(loaded.plan->find("posts"), &streams[2]);
  EXPECT_FALSE(streams[2].is_parent);
}

} // namespace
} // namespace lode

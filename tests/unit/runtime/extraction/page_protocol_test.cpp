#include "runtime/extraction/page_protocol.hpp"

#include "runtime/manifest/component.hpp"
#include "runtime/registry.hpp"
#include "tests/unit/runtime/manifest/manifest_text.hpp"

namespace lode {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Pages that only remember what they were made from.
struct soap_pages final : page_protocol {
  explicit soap_pages(std::string action) : action(std::move(action)) {}
  caf::expected<http_request> request(const stream_plan& stream, const request_inputs& inputs) const override {
    return build_request(stream, inputs);
  }
  caf::expected<std::vector<json_node>> records(const page_request&, json_node) const override {
    return std::vector<json_node>{};
  }
  caf::expected<paging_step> follow(const page_request& page, json_node, const page_facts&,
                                    expression::context&) const override {
    return end_slice(page);
  }
  std::string action;
};

miner_registry soap_miners() {
  auto known = builtin_miners();
  auto make = [](const miner_request& asked) -> page_protocol_pointer {
    asked.settings.refuse_unknown({"action", "how"});
    auto how = asked.settings.text("how");
    if (how == "throws")
      throw std::runtime_error{"no WSDL"};
    return how == "silent" ? nullptr : std::make_shared<const soap_pages>(asked.settings.text("action"));
  };
  EXPECT_FALSE(known.add("soap", {make, {.extractor = true}}));
  EXPECT_FALSE(known.add("plain", make));
  EXPECT_FALSE(known.add("bodied", {make, {.extractor = true, .request_body = false}}));
  EXPECT_FALSE(known.add("paged", {make, every_part}));
  return known;
}

TEST(page_protocol, makes_the_miner_of_its_settings) {
  auto known = soap_miners();
  manifest_setup setup;
  setup.miners = &known;
  auto load_with = [&](const std::string& miner) {
    return load_manifest_text(std::string{manifest_text{.stream = "    x-lode:\n      miner: " + miner + "\n"}},
                              "test.yaml", setup);
  };
  auto loaded = load_with("{soap: {action: ListCalls}}");
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  const auto& lode = loaded.plan->streams.at(0).lode;
  EXPECT_EQ(lode.miner, "soap");
  EXPECT_EQ(lode.own_miner(), "soap");
  EXPECT_EQ(dynamic_cast<const soap_pages&>(*lode.pages).action, "ListCalls");
  EXPECT_NE(loaded.plan->hash, load_with("{soap: {action: ListUsers}}").plan->hash)
    << "what is under way begins its slice again";
  EXPECT_EQ(load_with("manifest").plan->streams.at(0).lode.own_miner(), "");
}

TEST(page_protocol, says_where_a_miner_is_wrong_and_what_is_allowed) {
  auto known = soap_miners();
  manifest_setup setup;
  setup.miners = &known;
  auto complaint = [&](const std::string& miner) {
    auto loaded = load_manifest_text(std::string{manifest_text{.stream = "    x-lode:\n      miner: " + miner + "\n"}},
                                     "test.yaml", setup);
    EXPECT_FALSE(loaded.plan);
    return messages(loaded);
  };
  EXPECT_THAT(
    complaint("{soap: {acton: x}}"),
    ElementsAre(HasSubstr(
      "test.yaml:9: error: #/streams/0/x-lode/miner/soap/acton: unknown key 'acton'; allowed here: action, how")));
  EXPECT_THAT(complaint("{soap: {how: silent}}"),
              ElementsAre(HasSubstr("test.yaml:9: error: #/streams/0/x-lode/miner/soap: miner soap "
                                    "makes nothing of these settings and does not say why")));
  EXPECT_THAT(complaint("{soap: {how: throws}}"),
              ElementsAre(HasSubstr("miner soap makes nothing of these settings: no WSDL")));
  EXPECT_THAT(complaint("{corba: {}}"),
              ElementsAre(HasSubstr(
                "#/streams/0/x-lode/miner: there is no miner 'corba'; known: bodied, manifest, paged, plain, soap")));
  EXPECT_THAT(complaint("[soap]"), ElementsAre(HasSubstr("a miner is written NAME, or {NAME: {settings}}")));
  EXPECT_THAT(complaint("{soap: {}, manifest: {}}"),
              ElementsAre(HasSubstr("a miner is written NAME, or {NAME: {settings}}")));
}

/// What is told of a source with this miner.
std::vector<std::string> told_beside(const std::string& miner, manifest_text rest = {}) {
  auto known = soap_miners();
  manifest_setup setup;
  setup.miners = &known;
  rest.stream += "    x-lode: {miner: " + miner + "}\n";
  return messages(load_manifest_text(std::string{rest}, "test.yaml", setup));
}

const std::string numbered_pages =
  "      paginator: {type: DefaultPaginator, page_token_option: {inject_into: request_parameter, field_name: p}, "
  "pagination_strategy: {type: PageIncrement, page_size: 10}}\n";

TEST(page_protocol, a_paginator_that_the_miner_would_pass_over_is_refused_where_it_stands) {
  EXPECT_THAT(told_beside("soap", {.retriever = numbered_pages}),
              ElementsAre(testing::AllOf(
                HasSubstr("test.yaml:12: error: #/streams/0/retriever/paginator: miner soap follows pages by "
                          "itself and does not use this DefaultPaginator: remove it"),
                HasSubstr("x-lode.miner"))));
  EXPECT_THAT(told_beside("paged", {.retriever = numbered_pages}), ElementsAre()) << "it says that it does";
  EXPECT_THAT(told_beside("manifest", {.retriever = numbered_pages}), ElementsAre());
  EXPECT_THAT(told_beside("soap", {.retriever = "      paginator: {type: NoPagination}\n"}), ElementsAre())
    << "says nothing";
  EXPECT_THAT(told_beside("soap, next_link_hosts: [cdn.test]"),
              ElementsAre(HasSubstr("#/streams/0/x-lode/next_link_hosts: miner soap follows pages by itself")));
}

TEST(page_protocol, an_extractor_that_the_miner_would_pass_over_is_refused_and_none_is_needed) {
  EXPECT_THAT(
    told_beside("plain"),
    ElementsAre(HasSubstr("test.yaml:11: error: #/streams/0/retriever/record_selector/extractor: miner plain finds the "
                          "records of a page by itself and does not use this DpathExtractor: remove it")));
  auto with_selector = [](const std::string& selector) {
    auto known = soap_miners();
    manifest_setup setup;
    setup.miners = &known;
    std::string text = manifest_text{.stream = "    x-lode: {miner: plain}\n"};
    const std::string whole =
      "      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [data]}}\n";
    text.replace(text.find(whole), whole.size(), selector);
    return load_manifest_text(text, "test.yaml", setup);
  };
  EXPECT_THAT(messages(with_selector("")), ElementsAre());
  EXPECT_THAT(messages(with_selector("      record_selector: {extractor: {type: DpathExtractor, field_path: []}}\n")),
              ElementsAre());
  auto filtered =
    with_selector("      record_selector: {type: RecordSelector, record_filter: {condition: \"{{ record['a'] }}\"}}\n");
  ASSERT_TRUE(filtered.plan) << testing::PrintToString(messages(filtered));
  EXPECT_TRUE(filtered.plan->streams.at(0).selector.filter) << "which holds for the records of every miner";
}

TEST(page_protocol, a_body_that_the_miner_makes_itself_is_refused_wherever_it_is_put_together) {
  EXPECT_THAT(told_beside("soap", {.requester = "        request_body_json: {a: b}\n"}), ElementsAre())
    << "build_request() makes it";
  EXPECT_THAT(
    told_beside("bodied", {.requester = "        http_method: POST\n        request_body_json: {a: b}\n"}),
    ElementsAre(
      HasSubstr("#/streams/0/retriever/requester/http_method: miner bodied makes the body"),
      HasSubstr("test.yaml:17: error: #/streams/0/retriever/requester/request_body_json: miner bodied makes the body "
                "of its requests by itself and does not use this request_body_json: remove it")));
  const std::string router =
    "      partition_router: {type: ListPartitionRouter, values: [a], cursor_field: c, request_option: "
    "{type: RequestOption, inject_into: body_json, field_name: c}}\n";
  EXPECT_THAT(told_beside("soap", {.retriever = router}), ElementsAre());
  EXPECT_THAT(told_beside("bodied", {.retriever = router}),
              ElementsAre(HasSubstr(
                "#/streams/0/retriever/partition_router/request_option/inject_into: miner bodied makes the body of its "
                "requests by itself and does not use what is put into body_json")));
}

/// A page of a stream that follow() is asked about.
struct asked_page {
  explicit asked_page(const std::string& token) { state.set_page_token(token); }

  source_plan plan;
  expression::value config{expression::value_map{}};
  wire::continuation_state state;
  json_document scratch;
  http_response answer;
  received_response response{answer, scratch};
  page_request page{plan, 0, config, {}, {}, state, response};
};

TEST(page_protocol, a_token_leads_to_its_page_as_it_is) {
  asked_page first{""};
  auto step = follow_token(first.page, "Y3Vyc29yOjI=");
  EXPECT_EQ(step.what, paging_step::kind::more);
  EXPECT_EQ(step.state.page_token(), "Y3Vyc29yOjI=");
}

TEST(page_protocol, a_token_that_was_used_before_in_the_slice_fails_however_long_the_circle_is) {
  for (int length : {1, 2, 31, 100}) {
    asked_page at{""};
    int steps = 0;
    while (steps < 1000) {
      auto step = follow_token(at.page, "t" + std::to_string(steps++ % length));
      if (step.what == paging_step::kind::failed)
        break;
      at.state = step.state;
    }
    EXPECT_LE(steps, 4 * length + 2) << length;
    EXPECT_GT(steps, length) << length;
  }
}

TEST(page_protocol, without_a_token_nothing_follows) {
  asked_page first{""};
  EXPECT_EQ(follow_token(first.page, "").what, paging_step::kind::failed);
  EXPECT_EQ(end_slice(first.page).what, paging_step::kind::ended);
}

/// Answers as it is told, right or wrong.
struct told_pages final : page_protocol {
  caf::expected<http_request> request(const stream_plan& stream, const request_inputs& inputs) const override {
    return build_request(stream, inputs);
  }
  caf::expected<std::vector<json_node>> records(const page_request&, json_node body) const override {
    return std::vector{body.member("call")};
  }
  caf::expected<paging_step> follow(const page_request&, json_node, const page_facts&, expression::context&) const override {
    return step;
  }
  paging_step step;
};

/// What becomes of a step that a miner of one's own says.
paging_step taken(const asked_page& at, paging_step step) {
  auto pages = std::make_shared<told_pages>();
  pages->step = std::move(step);
  stream_plan stream;
  stream.lode.pages = pages;
  expression::context names{expression::date_time{}};
  return *stream_pages{stream}.follow(at.page, {}, {}, names);
}

TEST(page_protocol, a_record_that_is_not_there_costs_its_page_and_not_the_process) {
  asked_page at{""};
  stream_plan stream;
  stream.lode.pages = std::make_shared<told_pages>();
  json_document answer;
  ASSERT_FALSE(answer.parse("{}"));
  auto found = stream_pages{stream}.records(at.page, answer.root());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), errc::bad_response);
}

TEST(page_protocol, a_token_that_could_not_be_read_back_is_not_committed) {
  asked_page at{""};
  auto step = follow_token(at.page, "\xED\xA0\x80");
  EXPECT_EQ(taken(at, step).what, paging_step::kind::failed);
  EXPECT_EQ(taken(at, follow_token(at.page, "\xC3\xA9")).what, paging_step::kind::more);
}

TEST(page_protocol, a_step_made_by_hand_keeps_the_window_and_begins_again_only_so_often) {
  asked_page at{""};
  at.state.set_slice_from_us(7);
  at.state.set_slice_to_us(9);
  wire::continuation_state fresh;
  fresh.set_page_token("x");
  auto more = taken(at, {paging_step::kind::more, fresh, {}, true});
  EXPECT_EQ(more.state.slice_from_us(), 7);
  EXPECT_EQ(more.state.slice_to_us(), 9);
  EXPECT_FALSE(more.is_repeat) << "its records would be passed over";
  int times = 0;
  for (; times < 100; ++times) {
    auto again = taken(at, {paging_step::kind::again, at.state, "the cursor is gone", false});
    if (again.what == paging_step::kind::failed)
      break;
    at.state = again.state;
  }
  EXPECT_EQ(times, max_rereads);
}

TEST(page_protocol, a_path_that_is_not_there_may_be_walked_without_a_look_at_each_step) {
  json_document answer;
  ASSERT_FALSE(answer.parse(R"({"data":null,"cursor":17})"));
  auto nodes = answer.root().member("data").member("calls").member("nodes");
  EXPECT_FALSE(nodes.first_child().exists());
  EXPECT_EQ(nodes.raw(), "");
  EXPECT_EQ(nodes.text(), "");
  EXPECT_EQ(nodes.size(), 0u);
  EXPECT_EQ(answer.root().member("data").text(), "");
  EXPECT_EQ(answer.root().member("cursor").text(), "17");
}

TEST(page_protocol, a_stream_without_a_miner_of_its_own_is_paged_by_its_manifest) {
  stream_plan plain;
  EXPECT_FALSE(stream_pages{plain}.is_own());
  plain.lode.pages = manifest_pages();
  EXPECT_FALSE(stream_pages{plain}.is_own());
  plain.lode.pages = std::make_shared<const soap_pages>("x");
  EXPECT_TRUE(stream_pages{plain}.is_own());
}

} // namespace
} // namespace lode

#include "manifest_text.hpp"

#include "runtime/manifest/component.hpp"
#include "runtime/manifest/lode_extension_reader.hpp"
#include "runtime/registry.hpp"

namespace lode {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(lode_extension, has_defaults) {
  auto lode = load_stream(manifest_text{}).lode;
  EXPECT_EQ(lode.settle_time, 60s);
  EXPECT_TRUE(lode.ordering_field.empty());
  EXPECT_EQ(lode.dead_limits.records, 1000u);
  EXPECT_FALSE(lode.full_pass_every);
}

TEST(lode_extension, reads_every_key) {
  auto lode = load_stream(manifest_text{.stream = R"(    x-lode:
      ordering_field: [meta, updated]
      ordering_format: "%s"
      ignore: [fetched_at, [links, signed]]
      settle_time: 1500ms
      full_pass_every: 7d
      delete_brake_percent: 35
      order: stable
      dead_limits: {share: 0.5, records: 10}
      page_bytes_estimate: 4096
      timeouts: {connect: 1s, first_byte: 2s, whole: 3s}
      budgets: [{scope: app, requests: 200, per: 1h}]
      limit_headers: [{name: X-Left, form: remaining, scope: tenant}]
      next_link_hosts: [cdn.example.com]
)"}).lode;
  EXPECT_EQ(lode.ordering_field, (field_path{"meta", "updated"}));
  EXPECT_EQ(lode.ignore, (std::vector<field_path>{{"fetched_at"}, {"links", "signed"}}));
  EXPECT_EQ(lode.settle_time, 1500ms);
  EXPECT_EQ(lode.full_pass_every, 168h);
  EXPECT_EQ(lode.delete_brake_percent, 35u);
  EXPECT_TRUE(lode.has_stable_order);
  EXPECT_EQ(lode.dead_limits.share, 0.5);
  EXPECT_EQ(lode.page_bytes_estimate, 4096u);
  EXPECT_EQ(lode.timeouts.whole, 3s);
  ASSERT_EQ(lode.budgets.size(), 1u);
  EXPECT_EQ(lode.budgets[0].of, rate_budget::scope::app);
  EXPECT_EQ(lode.budgets[0].per, 1h);
  EXPECT_EQ(lode.limit_headers[0].meaning, limit_header::form::remaining);
  EXPECT_EQ(lode.next_link_hosts, std::vector<std::string>{"cdn.example.com"});
}

TEST(lode_extension, reads_in_what_order_pages_come) {
  auto order_of = [](const std::string& keys) {
    return load_stream(manifest_text{.stream = "    x-lode: {ordering_field: at, ordering_format: '%s', " + keys + "}\n"}).lode;
  };
  EXPECT_FALSE(order_of("order: none").has_stable_order || order_of("order: none").is_newest_first);
  EXPECT_TRUE(order_of("order: newest_first").is_newest_first);
  EXPECT_FALSE(order_of("order: newest_first").has_stable_order) << "an edit moves a record to the top";
  auto created = order_of("order: newest_created_first, full_pass_every: 7d");
  EXPECT_TRUE(created.is_newest_first && created.has_stable_order);
}

TEST(lode_extension, refuses_newest_first_where_an_early_end_would_leave_something_out) {
  auto said = [](const std::string& keys, manifest_text rest = {}) {
    rest.stream += "    x-lode: {" + keys + "}\n";
    return messages(load(rest));
  };
  EXPECT_THAT(said("order: newest_first"), ElementsAre(HasSubstr("x-lode/order: newest first by what?")));
  EXPECT_THAT(said("order: newest_first, ordering_field: at"), ElementsAre(HasSubstr("ordering_format")))
    << "whether a number is a time nobody can know";
  const std::string by_update = "ordering_field: at, ordering_format: '%s', order: newest_first";
  EXPECT_THAT(said(by_update), ElementsAre());
  EXPECT_THAT(said("ordering_field: at, ordering_format: '%s', order: newest_created_first"),
              ElementsAre(HasSubstr("edits of older records do not come to the top of this order: it needs full_pass_every")));
  EXPECT_THAT(said(by_update, {.stream = "    incremental_sync: {cursor_field: at, type: DatetimeBasedCursor, datetime_format: '%s', "
                                         "start_datetime: '0'}\n"}),
              ElementsAre(HasSubstr("#/streams/0: x-lode.order says newest first: an API that is asked for a window")));
  EXPECT_THAT(said(by_update, {.retriever = "      paginator: {type: DefaultPaginator, page_token_option: {inject_into: "
                                            "request_parameter, field_name: p}, pagination_strategy: {type: PageIncrement, "
                                            "page_size: 10}}\n"}),
              ElementsAre(HasSubstr("each change moves the rows of numbered pages")));
  auto unkeyed = std::string{manifest_text{.stream = "    x-lode: {" + by_update + "}\n"}};
  unkeyed.replace(unkeyed.find("    primary_key: id\n"), 20, "");
  EXPECT_THAT(messages(load(unkeyed)), ElementsAre(HasSubstr("x-lode.order says newest first, but without primary_key")));
  EXPECT_THAT(said("order: oldest_first"), ElementsAre(HasSubstr("expected one of none, stable, newest_first, newest_created_first")));
}

TEST(lode_extension, names_unknown_keys_and_the_allowed_ones) {
  auto loaded = load(manifest_text{.stream = "    x-lode: {settle: 1s, timeouts: {dns: 1s}}\n"});
  EXPECT_THAT(messages(loaded),
              ElementsAre(HasSubstr("#/streams/0/x-lode/settle: unknown key 'settle'; allowed here: ordering_field, ordering_format, "),
                          HasSubstr("#/streams/0/x-lode/timeouts/dns: unknown key 'dns'; allowed here: connect, first_byte, whole")));
}

TEST(lode_extension, says_what_is_allowed_for_each_bad_value) {
  auto loaded = load(manifest_text{.stream = "    x-lode: {settle_time: soon, page_bytes_estimate: 1, "
                                             "budgets: [{scope: world, requests: 0}], dead_limits: {share: 2}}\n"});
  EXPECT_THAT(messages(loaded),
              ElementsAre(HasSubstr("expected a time such as 500ms, 30s, 5m, 2h or 7d"), HasSubstr("expected a number from 0 to 1"),
                          HasSubstr("expected 1024 to 268435456 bytes, found 1"),
                          HasSubstr("expected one of app, credential, tenant, endpoint, found 'world'"),
                          HasSubstr("a budget needs 'requests'"), HasSubstr("a budget needs 'per'")));
}

TEST(lode_extension, names_the_miner_and_refuses_one_that_the_node_does_not_have) {
  EXPECT_EQ(load_stream(manifest_text{}).lode.miner, "manifest");
  std::string text = manifest_text{.stream = "    x-lode: {miner: soap}\n"};
  manifest_setup setup;
  EXPECT_THAT(messages(load_manifest_text(text, "test.yaml", setup)),
              ElementsAre(HasSubstr("test.yaml:8: error: #/streams/0/x-lode/miner: there is no miner 'soap'; known: manifest")));
  EXPECT_EQ(load_stream(manifest_text{.stream = "    x-lode: {miner: manifest}\n"}).lode.own_miner(), "");
}

TEST(lode_extension, the_miner_of_manifests_has_no_settings) {
  auto complaint = messages(load(std::string{manifest_text{.stream = "    x-lode: {miner: {manifest: {pages: 3}}}\n"}}));
  EXPECT_THAT(complaint, ElementsAre(HasSubstr("unknown key 'pages'")));
}

/// A step that only remembers what it was made from.
struct noted_step final : processor_step {
  explicit noted_step(std::string words) : words(std::move(words)) {}
  step_result apply(json_tree&, const step_inputs&) const override { return {}; }
  std::string words;
};

step_registry noting_steps() {
  return step_registry{"processor step", {{"note", [](const step_request& request) -> processor_step_pointer {
                                             request.settings.refuse_unknown({"words"});
                                             return std::make_shared<const noted_step>(request.settings.text("words"));
                                           }}}};
}

TEST(lode_extension, makes_steps_by_name_in_the_order_of_the_source) {
  auto known = noting_steps();
  manifest_setup setup;
  setup.steps = &known;
  std::string text = manifest_text{.stream = "    x-lode:\n      steps:\n        - note: {words: a}\n        - note: {words: b}\n"};
  auto loaded = load_manifest_text(text, "test.yaml", setup);
  ASSERT_TRUE(loaded.plan) << testing::PrintToString(messages(loaded));
  const auto& steps = loaded.plan->streams.at(0).lode.steps;
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].name, "note");
  EXPECT_EQ(dynamic_cast<const noted_step&>(*steps[0].step).words, "a");
  EXPECT_EQ(dynamic_cast<const noted_step&>(*steps[1].step).words, "b");
}

TEST(lode_extension, says_where_a_step_is_wrong_and_what_is_allowed) {
  auto known = noting_steps();
  manifest_setup setup;
  setup.steps = &known;
  std::string text = manifest_text{.stream = "    x-lode:\n      steps:\n        - sing: {}\n        - note: {word: a}\n"
                                             "        - note:\n        - {note: {}, sing: {}}\n        - note\n"};
  EXPECT_THAT(messages(load_manifest_text(text, "test.yaml", setup)),
              ElementsAre(HasSubstr("test.yaml:10: error: #/streams/0/x-lode/steps: expected a component, found text"),
                          HasSubstr("test.yaml:10: error: #/streams/0/x-lode/steps/0/sing: there is no processor step 'sing'; known: note"),
                          HasSubstr("test.yaml:11: error: #/streams/0/x-lode/steps/1/note/word: unknown key 'word'; allowed here: words"),
                          HasSubstr("test.yaml:12: error: #/streams/0/x-lode/steps/2: a step is written {NAME: {settings}}"),
                          HasSubstr("test.yaml:13: error: #/streams/0/x-lode/steps/3: a step is written {NAME: {settings}}")));
}

TEST(lode_extension, reads_spans_of_time_in_both_spellings) {
  EXPECT_EQ(read_span("500ms"), 500ms);
  EXPECT_EQ(read_span("2h"), 2h);
  EXPECT_EQ(read_span("PT1M30S"), 90s);
  for (auto text : {"", "5", "-1s", "5 s", "P1M", "1e3s", "99999999999999999s"})
    EXPECT_FALSE(read_span(text)) << text;
}

} // namespace
} // namespace lode

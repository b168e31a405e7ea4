#include "runtime/extraction/processor_steps.hpp"

#include <gmock/gmock.h>

#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/content_hash.hpp"
#include "runtime/extraction/json_tree.hpp"
#include "support.hpp"
#include "tests/unit/runtime/manifest/manifest_text.hpp"

namespace lode {

using namespace lode::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

/// Calls what the test wants.
struct own_step final : processor_step {
  using function = std::function<step_result(json_tree&)>;
  explicit own_step(function act) : act(std::move(act)) {}
  step_result apply(json_tree& record, const step_inputs&) const override { return act(record); }
  function act;
};

named_step own(own_step::function act) {
  return {"own", std::make_shared<const own_step>(std::move(act))};
}

/// What a manifest with these steps says of itself, and the stream when it says nothing.
struct stepped_source {
  explicit stepped_source(const std::string& steps) {
    auto known = builtin_steps();
    manifest_setup setup;
    setup.steps = &known;
    std::string text = manifest_text{.stream = "    x-lode: {steps: [" + steps + "]}\n"};
    auto loaded = load_manifest_text(text, "test.yaml", setup);
    mistakes = messages(loaded);
    if (loaded.plan)
      stream = loaded.plan->streams.at(0);
  }
  std::vector<std::string> mistakes;
  stream_plan stream;
};

stream_plan list_with(std::vector<named_step> steps) {
  stream_plan stream;
  stream.name = "things";
  stream.primary_key = {{"id"}};
  stream.lode.steps = std::move(steps);
  return stream;
}

stream_plan redacting(const std::string& settings) {
  stepped_source source{"{redact: " + settings + "}"};
  EXPECT_THAT(source.mistakes, ElementsAre());
  return list_with(source.stream.lode.steps);
}

std::string hash_text(std::string_view canonical) {
  return to_text(hash_of(canonical, 42));
}

} // namespace

TEST(redact_step, removes_masks_and_hashes_fields_at_any_depth) {
  auto page = reading{redacting("{remove: [ssn, [address, street]], mask: [email, [calls, '*', to]], hash: [phone]}")}.read(
    R"([{"id":1,"ssn":"1-2","email":"a@b.c","phone":"17","address":{"street":"S","city":"C"},
         "calls":[{"to":"x","n":1.10},{"to":"y"}],"fax":null}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->records.at(0).payload,
            R"({"id":1,"email":"***","phone":")" + hash_text("\"17\"") + R"(","address":{"city":"C"},)"
            R"("calls":[{"to":"***","n":1.10},{"to":"***"}],"fax":null})");
}

TEST(redact_step, is_seen_by_the_content_hash_so_that_a_masked_field_changes_nothing) {
  auto page = reading{redacting("{mask: [email]}")}.read(R"([{"id":1,"email":"old@b.c"},{"id":1,"email":"new@b.c"}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->records.at(0).hash, page->records.at(1).hash);
  EXPECT_EQ(page->records.at(0).hash, hash_of(R"({"email":"***","id":1})", 42));
}

TEST(redact_step, gives_equal_values_equal_hashes_however_they_are_written_and_leaves_null_alone) {
  auto page = reading{redacting("{hash: [id, name]}")}.read(
    R"([{"id":"é","name":null},{"id":"\u00e9","name":{"b":1,"a":2}},{"id":"é","name":{"a":2,"b":1}}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->records.at(0).key, page->records.at(1).key);
  EXPECT_EQ(page->records.at(0).key, hash_text("\"é\""));
  EXPECT_THAT(page->records.at(0).payload, HasSubstr(R"("name":null)"));
  EXPECT_EQ(page->records.at(1).payload, page->records.at(2).payload);
}

TEST(redact_step, tells_each_mistake_with_file_line_and_key) {
  EXPECT_THAT(stepped_source{"{redact: {mask: email, hide: [a]}}"}.mistakes,
              ElementsAre(HasSubstr("test.yaml:8: error: #/streams/0/x-lode/steps/0/redact/hide: unknown key 'hide'; allowed here: remove, mask, hash"),
                          HasSubstr("redact/mask: expected a list of fields, found text"), HasSubstr("redact needs fields")));
}

TEST(redact_step, refuses_to_take_away_what_tells_records_apart) {
  for (auto settings : {"{mask: [id]}", "{remove: [id]}", "{mask: ['*']}"})
    EXPECT_THAT(stepped_source{std::string{"{redact: "} + settings + "}"}.mistakes,
                ElementsAre(HasSubstr("is part of the primary key")))
      << settings;
}

TEST(processor_steps, a_record_that_is_dropped_is_not_stored_and_ends_no_paging) {
  auto stream = list_with({own([](json_tree& record) {
    bool is_test = record.to_json().find("test") != std::string::npos;
    return step_result{is_test ? step_result::fate::drop : step_result::fate::keep, {}};
  })});
  cursor_paging paging;
  paging.cursor_value = code("{{ last_record['id'] }}");
  paging.stop_condition = code("{{ last_page_size < 2 }}");
  stream.paginator.strategy = paging;
  auto page = reading{stream}.read(R"([{"id":"real"},{"id":"test"}])");
  ASSERT_TRUE(page) << why(page);
  ASSERT_EQ(page->records.size(), 1u);
  EXPECT_EQ(page->ending, page_ending::more);
  EXPECT_EQ(page->next_state.page_token(), "\"test\"");
}

TEST(processor_steps, a_record_that_a_step_buries_is_a_dead_letter_as_the_steps_left_it) {
  auto mask = redacting("{mask: [email]}").lode.steps.at(0);
  auto bury = own([](json_tree&) { return step_result{step_result::fate::bury, "no country"}; });
  auto page = reading{list_with({mask, bury})}.read(R"([{"id":1,"email":"a@b.c"}])");
  ASSERT_TRUE(page) << why(page);
  ASSERT_EQ(page->dead.size(), 1u);
  EXPECT_EQ(page->dead[0].reason, "step own: no country");
  EXPECT_EQ(page->dead[0].payload, R"({"id":1,"email":"***"})");
}

TEST(processor_steps, a_dead_letter_never_shows_what_the_steps_take_out) {
  auto deep = std::string(2000, '[') + std::string(2000, ']');
  auto page = reading{redacting("{mask: [email]}")}.read(R"([{"email":"a@b.c"},{"id":2,"email":"a@b.c","x":)" + deep
                                                         + R"(},"a@b.c"])");
  ASSERT_TRUE(page) << why(page);
  ASSERT_EQ(page->dead.size(), 3u);
  for (const auto& dead : page->dead)
    EXPECT_EQ((dead.payload + dead.reason).find("a@b.c"), std::string::npos) << dead.reason;
}

TEST(processor_steps, what_a_step_throws_costs_one_record) {
  auto page = reading{list_with({own([](json_tree& record) {
    if (record.members.size() > 1)
      throw std::runtime_error("boom");
    return step_result{};
  })})}.read(R"([{"id":1,"x":1},{"id":2}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->records.size(), 1u);
  ASSERT_EQ(page->dead.size(), 1u);
  EXPECT_EQ(page->dead[0].reason, "step own: boom");
}

TEST(processor_steps, run_after_the_transformations) {
  auto stream = redacting("{mask: [email]}");
  add_fields add;
  add.fields.push_back({{code("email")}, code("{{ record['id'] }}@b.c"), added_field::type::any, std::nullopt});
  stream.transformations.push_back(add);
  auto page = reading{stream}.read(R"([{"id":"a"}])");
  ASSERT_TRUE(page) << why(page);
  EXPECT_EQ(page->records.at(0).payload, R"({"id":"a","email":"***"})");
}

TEST(processor_steps, children_are_asked_for_with_what_the_api_sent) {
  reading parent{redacting("{hash: [id]}")};
  stream_plan child;
  child.name = "parts";
  substream_parent link;
  link.parent_key = code("id");
  link.partition_field = "thing";
  child.routers.push_back(substream_router{{link}});
  parent.stream().is_parent = true;
  parent.source.streams.push_back(child);
  auto page = parent.read(R"([{"id":"a"}])");
  ASSERT_TRUE(page) << why(page);
  ASSERT_EQ(page->children.size(), 1u);
  EXPECT_THAT(page->children[0].partition, HasSubstr(R"("thing":"a")"));
  EXPECT_EQ(page->records.at(0).key, hash_text("\"a\""));
}

} // namespace lode

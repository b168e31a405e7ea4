#include "examples/mask/mask_step.hpp"

#include <gmock/gmock.h>

#include "examples/mask/masked_text.hpp"
#include "runtime/extraction/content_hash.hpp"
#include "runtime/extraction/json_tree.hpp"
#include "runtime/manifest/component.hpp"
#include "runtime/manifest/yaml_reader.hpp"

namespace lode::examples {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr uint64_t seed = 42;

/// The step made with these settings for a stream with the key `id`, and what was wrong with them.
struct made_step {
  explicit made_step(const std::string& settings, const std::vector<field_path>& key = {{"id"}}) {
    compilation read{"test.yaml", {}, {}};
    step = make_mask_step({component{read, read_yaml(settings, "test.yaml", read.notes), "#"}, key});
    for (const auto& note : read.notes)
      mistakes.push_back(to_string(note));
  }
  /// The record as the step leaves it.
  std::string apply(const std::string& record) const {
    json_document document;
    EXPECT_FALSE(document.parse(record));
    auto tree = json_tree::from(document.root());
    EXPECT_EQ(step->apply(tree, {seed}).what, step_result::fate::keep);
    return tree.to_json();
  }
  processor_step_pointer step;
  std::vector<std::string> mistakes;
};

std::string masked(const std::string& preset, const std::string& text) {
  return masked_text(text, {*preset_pattern(preset)}, {}).value_or("nothing found");
}

} // namespace

TEST(mask_step, masks_what_it_finds_in_all_texts_and_leaves_the_rest_to_the_letter) {
  EXPECT_EQ(
    made_step{"find: [email]"}.apply(
      R"({"id":"a@b.test","n":1.10,"text":"Write to ada@mail.example.test, please.","calls":[{"by":["x.y+z@q.io"]}],"t":"caf\u00e9\/"})"),
    R"({"id":"a@b.test","n":1.10,"text":"Write to ***, please.","calls":[{"by":["***"]}],"t":"caf\u00e9\/"})");
}

TEST(mask_step, looks_only_into_the_fields_that_are_named_and_below_them) {
  EXPECT_EQ(made_step{"{find: email, fields: [notes, [calls, '*', by]]}"}.apply(
              R"({"id":1,"email":"a@b.io","notes":{"deep":["a@b.io"]},"calls":[{"by":"a@b.io","to":"a@b.io"}]})"),
            R"({"id":1,"email":"a@b.io","notes":{"deep":["***"]},"calls":[{"by":"***","to":"a@b.io"}]})");
}

TEST(mask_step, sees_through_escapes) {
  EXPECT_EQ(made_step{"find: email"}.apply(R"({"id":1,"t":"ada\u0040mail.test \ud83d\ude00 \" \ud800"})"),
            R"({"id":1,"t":"*** 😀 \" \ud800"})");
}

TEST(mask_step, gives_equal_finds_equal_hashes_by_the_seed_of_the_store) {
  auto hash = to_text(hash_of("a@b.io", seed));
  EXPECT_EQ(made_step{"{find: email, replace: hash}"}.apply(R"({"id":1,"t":"a@b.io or a@b.io"})"),
            R"({"id":1,"t":")" + hash + " or " + hash + "\"}");
}

TEST(mask_step, leaves_every_part_of_the_key_alone_wherever_it_stands) {
  made_step step{"find: email", {{"id"}, {"who", "mail"}}};
  EXPECT_EQ(step.apply(R"({"id":"a@b.io","who":{"mail":"a@b.io","other":"a@b.io"},"mail":"a@b.io"})"),
            R"({"id":"a@b.io","who":{"mail":"a@b.io","other":"***"},"mail":"***"})");
}

TEST(mask_step, takes_patterns_of_ones_own_and_makes_one_of_finds_that_overlap) {
  EXPECT_EQ(made_step{R"({find: email, patterns: ['AB-\d{3}', 'ada@'], fields: [t]})"}.apply(
              R"({"id":1,"t":"AB-123 ada@b.io AB-12"})"),
            R"({"id":1,"t":"*** *** AB-12"})");
}

TEST(mask_step, tells_every_mistake_of_its_settings) {
  EXPECT_THAT(made_step{"find: [email, card_number]"}.mistakes, ElementsAre());
  EXPECT_THAT(made_step{"{}"}.mistakes, ElementsAre(HasSubstr("needs 'find', 'patterns' or both")));
  EXPECT_THAT(made_step{"find: [phone]"}.mistakes,
              ElementsAre(HasSubstr("expected email or card_number, found 'phone'")));
  EXPECT_THAT(made_step{"patterns: ['(', 'x*']"}.mistakes,
              ElementsAre(HasSubstr("no pattern of RE2"), HasSubstr("matches an empty text")));
  EXPECT_THAT(made_step{"{find: email, replace: stars}"}.mistakes,
              ElementsAre(HasSubstr("expected mask or hash, found 'stars'")));
  EXPECT_THAT(made_step{"{find: email, field: x}"}.mistakes, ElementsAre(HasSubstr("field")));
}

TEST(mask_step, refuses_fields_that_are_or_hold_the_key) {
  for (auto fields : {"[id]", "['*']", "['i?']"})
    EXPECT_THAT(made_step{"{find: email, fields: " + std::string{fields} + "}"}.mistakes,
                ElementsAre(HasSubstr("primary key")))
      << fields;
  EXPECT_THAT((made_step{"{find: email, fields: [who]}", {{"who", "id"}}}.mistakes),
              ElementsAre(HasSubstr("primary key")));
  EXPECT_THAT((made_step{"{find: email, fields: [[who, name]]}", {{"who", "id"}}}.mistakes), ElementsAre());
}

TEST(masked_text, knows_a_card_number_by_its_check_digit) {
  EXPECT_EQ(masked("card_number", "card 4111 1111 1111 1111, order 4111 1111 1111 1112"),
            "card ***, order 4111 1111 1111 1112");
  EXPECT_EQ(masked("card_number", "378282246310005"), "***");
  EXPECT_EQ(masked("card_number", "2024-05-01 10:20:30 and x4111111111111111"), "nothing found");
}

TEST(masked_text, knows_addresses_beyond_ASCII_and_what_is_none) {
  EXPECT_EQ(masked("email", "<jörg@bücher.example>"), "<***>");
  EXPECT_EQ(masked("email", "a@b and @c.d and e@"), "nothing found");
}

} // namespace lode::examples

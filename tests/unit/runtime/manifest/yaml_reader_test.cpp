#include "manifest_text.hpp"

#include "runtime/expression/python_text.hpp"

namespace lode {
namespace {

std::string plain(const std::string& text) {
  auto found = resolve_plain_scalar(text);
  return std::string{expression::kind_name(found.kind())} + " " + expression::to_text(found);
}

TEST(yaml_scalars, mean_what_they_mean_to_pyyaml) {
  struct scalar_case {
    const char *text, *expected;
  };
  constexpr scalar_case cases[] = {{"yes", "a boolean True"},
                                   {"On", "a boolean True"},
                                   {"off", "a boolean False"},
                                   {"y", "text y"},
                                   {"~", "none None"},
                                   {"", "none None"},
                                   {"010", "an integer 8"},
                                   {"0x1F", "an integer 31"},
                                   {"1_000", "an integer 1000"},
                                   {"1:30", "an integer 90"},
                                   {"08", "text 08"},
                                   {"1.5", "a number 1.5"},
                                   {"1e3", "text 1e3"},
                                   {"1.0e+3", "a number 1000.0"},
                                   {".inf", "a number inf"},
                                   {"2024-01-31", "a date 2024-01-31"},
                                   {"2024-01-31T10:00:00Z", "a date with time 2024-01-31 10:00:00+00:00"},
                                   {"2024-1-31", "text 2024-1-31"},
                                   {"6.0.0", "text 6.0.0"},
                                   {"P1D", "text P1D"}};
  for (auto [text, expected] : cases)
    EXPECT_EQ(plain(text), expected) << text;
}

TEST(yaml_reader, leaves_quoted_scalars_text) {
  EXPECT_EQ(to_json_text(read_or_fail("{a: 'yes', b: \"5\", c: yes, d: 5}")), R"({"a":"yes","b":"5","c":true,"d":5})");
}

TEST(yaml_reader, merges_with_the_nearer_key_winning) {
  EXPECT_EQ(to_json_text(read_or_fail("base: &b {x: 1, y: 2}\nout:\n  <<: *b\n  y: 3\n")),
            R"({"base":{"x":1,"y":2},"out":{"y":3,"x":1}})");
}

TEST(yaml_reader, remembers_lines_and_warns_of_duplicate_keys) {
  std::vector<diagnostic> notes;
  auto root = read_yaml("a: 1\nb: 2\na: 3\n", "f.yaml", notes);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(to_string(notes[0]), "f.yaml:3: warning: #: the key 'a' is there twice; the last one counts");
  EXPECT_EQ(to_json_text(root), R"({"a":3,"b":2})");
}

TEST(yaml_reader, names_the_line_of_a_syntax_error) {
  std::vector<diagnostic> notes;
  EXPECT_FALSE(read_yaml("a: 1\nb: [1, 2\nc: 3\n", "f.yaml", notes));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(to_string(notes[0]), testing::StartsWith("f.yaml:"));
  EXPECT_THAT(notes[0].message, testing::StartsWith("not YAML: "));
}

TEST(yaml_reader, bounds_what_aliases_can_blow_up) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    auto name = "a" + std::to_string(i), below = "*a" + std::to_string(i - 1);
    text += name + ": &" + name + " [" + below;
    for (int k = 0; k < 9; ++k)
      text += ", " + below;
    text += "]\n";
  }
  std::vector<diagnostic> notes;
  EXPECT_FALSE(read_yaml(text, "f.yaml", notes));
  ASSERT_FALSE(notes.empty());
  EXPECT_THAT(notes[0].message, testing::HasSubstr("250,000 nodes"));
}

} // namespace
} // namespace lode

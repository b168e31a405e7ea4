#include "manifest_text.hpp"

namespace lode {
namespace {

struct references_test : testing::Test {
  std::string resolve(std::string_view text) {
    return to_json_text(resolve_references(read_or_fail(text), "test.yaml", notes));
  }
  std::vector<diagnostic> notes;
};

TEST_F(references_test, replace_texts_and_merge_under_siblings) {
  EXPECT_EQ(resolve("{a: {x: 1, y: {z: 2}}, b: '#/a/x', c: {$ref: '#/a', x: 3, n: 4}}"),
            R"({"a":{"x":1,"y":{"z":2}},"b":1,"c":{"x":3,"y":{"z":2},"n":4}})");
}

TEST_F(references_test, merge_one_level_deep_only) {
  EXPECT_EQ(resolve("{a: {y: {z: 2}}, c: {$ref: '#/a', y: {k: 1}}}"), R"({"a":{"y":{"z":2}},"c":{"y":{"k":1}}})");
}

TEST_F(references_test, follow_references_in_targets_and_index_lists) {
  EXPECT_EQ(resolve("{a: [10, '#/b'], b: {c: 7}, d: '#/a/1/c'}"), R"({"a":[10,{"c":7}],"b":{"c":7},"d":null})");
  EXPECT_EQ(notes.size(), 1u); // a path goes through the manifest as it is written
  notes.clear();
  EXPECT_EQ(resolve("{a: [10, {c: 7}], d: '#/a/1/c', e: {$ref: '#/a/1'}}"),
            R"({"a":[10,{"c":7}],"d":7,"e":{"c":7}})");
  EXPECT_TRUE(notes.empty());
}

TEST_F(references_test, try_a_path_whole_before_its_segments) {
  EXPECT_EQ(resolve("{nested: {path: first}, nested/path: whole, v: '#/nested/path'}"),
            R"({"nested":{"path":"first"},"nested/path":"whole","v":"whole"})");
}

TEST_F(references_test, report_cycles_and_missing_targets_with_their_line) {
  resolve("a: '#/b'\nb: {c: '#/a'}\nd: '#/nowhere'\n");
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_THAT(to_string(notes[0]), testing::HasSubstr("leads back to itself"));
  EXPECT_EQ(to_string(notes[1]), "test.yaml:3: error: #: the reference '#/nowhere' leads nowhere");
}

TEST_F(references_test, leave_config_overrides_alone) {
  EXPECT_EQ(resolve("{config_overrides: {a: '#/nowhere'}}"), R"({"config_overrides":{"a":"#/nowhere"}})");
}

} // namespace
} // namespace lode

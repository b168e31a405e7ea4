#include "runtime/extraction/record_form.hpp"

#include <gtest/gtest.h>

using namespace lode;

TEST(record_form_test, the_first_canonical_form_of_whole_records_is_number_0) {
  EXPECT_EQ(form_number({}), 0);
  EXPECT_EQ(form_number({{}}), 0) << "a path of nothing ignores nothing";
  EXPECT_EQ(record_form{}.number, 0);
}

TEST(record_form_test, a_number_tells_ignored_fields_and_versions_apart_and_nothing_else) {
  const std::vector<field_path> fields{{"a", "b"}, {"c"}};
  EXPECT_EQ(form_number(fields), form_number({{"c"}, {"a", "b"}, {"c"}}));
  EXPECT_NE(form_number(fields), form_number({{"ab"}, {"c"}}));
  EXPECT_NE(form_number(fields), form_number({{"a"}, {"b"}, {"c"}}));
  EXPECT_NE(form_number(fields), form_number({{"c"}}));
  EXPECT_NE(form_number(fields, 1), form_number(fields, 2));
  EXPECT_NE(form_number({}, 2), 0);
}

TEST(record_form_test, a_hash_leaves_the_ignored_fields_out_and_depends_on_the_seed) {
  record_form form{{{"views"}, {"author", "seen"}}, 1};
  auto hash = form.hash(R"({"id":1,"views":2,"author":{"seen":3,"name":"x"}})");
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash, form.hash(R"({"author":{"name":"x"},"id":1})"));
  EXPECT_NE(hash, form.hash(R"({"author":{"name":"y"},"id":1})"));
  EXPECT_NE(hash, (record_form{{{"views"}, {"author", "seen"}}, 2}).hash(R"({"author":{"name":"x"},"id":1})"));
}

TEST(record_form_test, a_text_that_is_no_JSON_has_no_hash) {
  EXPECT_FALSE(record_form{}.hash("not JSON"));
  EXPECT_FALSE(record_form{}.hash(""));
}

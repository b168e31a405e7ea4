#include "runtime/storage/stream_view.hpp"

#include <gmock/gmock.h>

using namespace lode;
using testing::StartsWith;

namespace {

std::vector<std::string> names(const std::vector<view_field>& fields) {
  std::vector<std::string> out;
  for (const auto& column : columns_of(fields))
    out.push_back(column.name);
  return out;
}

} // namespace

TEST(stream_view_test, a_view_is_called_by_source_and_stream) {
  EXPECT_EQ(view_name("shop", "order items"), "shop__order items");
}

TEST(stream_view_test, names_that_would_be_the_same_get_a_hash) {
  EXPECT_NE(view_name("a__b", "c"), view_name("a", "b__c"));
  EXPECT_NE(view_name("a_", "b"), view_name("a", "_b"));
  EXPECT_THAT(view_name("a__b", "c"), StartsWith("a__b__c_"));
  EXPECT_EQ(view_name("a", "b__c"), "a__b__c");
}

TEST(stream_view_test, a_name_that_is_too_long_is_cut_at_a_character_and_told_apart_by_a_hash) {
  const std::string source(40, 's');
  auto one = view_name(source, std::string(40, 't') + "1");
  auto two = view_name(source, std::string(40, 't') + "2");
  EXPECT_LE(one.size(), 63u);
  EXPECT_NE(one, two);
}

TEST(stream_view_test, a_field_that_has_the_name_of_another_column_gets_an_underscore) {
  EXPECT_EQ(names({{"id"}, {"key"}, {"deleted"}, {"key_"}}), (std::vector<std::string>{"id", "key_", "deleted_", "key__"}));
}

TEST(stream_view_test, fields_whose_names_are_alike_in_63_bytes_are_two_columns) {
  const std::string long_name(70, 'n');
  auto made = names({{long_name + "1"}, {long_name + "2"}});
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0], std::string(63, 'n'));
  EXPECT_EQ(made[1], std::string(62, 'n') + "_");
  EXPECT_EQ(columns_of({{long_name + "1"}})[0].field.name, long_name + "1") << "the record is asked for the whole name";
}

TEST(stream_view_test, a_character_is_never_cut_in_half) {
  auto made = names({{std::string(62, 'n') + "\xC3\xA4"}});
  EXPECT_EQ(made.at(0), std::string(62, 'n'));
}

TEST(stream_view_test, what_PostgreSQL_has_no_name_for_is_no_column) {
  EXPECT_TRUE(columns_of({{""}, {std::string{"a\0b", 3}}, {"\xE4"}}).empty());
  EXPECT_EQ(columns_of(std::vector<view_field>(2'000, {"same"})).size(), 63u) << "of one name, as many as there are underscores";
  std::vector<view_field> many;
  for (int i = 0; i < 2'000; ++i)
    many.push_back({"f" + std::to_string(i)});
  EXPECT_EQ(columns_of(many).size(), 1'500u);
}

#include "runtime/node/declared_fields.hpp"

#include <gtest/gtest.h>

using namespace lode;
using expression::value;
using expression::value_list;
using expression::value_map;

namespace {

/// The type of the only field of a schema that declares it as `property`.
view_type type_of(value_map property) {
  value_map properties{{"f", value{std::move(property)}}};
  auto fields = declared_fields(value{value_map{{"type", value{"object"}}, {"properties", value{std::move(properties)}}}});
  EXPECT_EQ(fields.size(), 1u);
  return fields.at(0).type;
}

value either(std::vector<const char*> types) {
  value_list list;
  for (auto type : types)
    list.push_back(value{type});
  return value{std::move(list)};
}

} // namespace

TEST(declared_fields_test, simple_types_are_columns_of_their_type_whether_or_not_null_is_allowed) {
  EXPECT_EQ(type_of({{"type", value{"string"}}}), view_type::text);
  EXPECT_EQ(type_of({{"type", either({"null", "string"})}}), view_type::text);
  EXPECT_EQ(type_of({{"type", either({"integer", "null"})}}), view_type::integer);
  EXPECT_EQ(type_of({{"type", value{"number"}}}), view_type::number);
  EXPECT_EQ(type_of({{"type", either({"integer", "number"})}}), view_type::number);
  EXPECT_EQ(type_of({{"type", value{"boolean"}}}), view_type::boolean);
}

TEST(declared_fields_test, a_text_with_a_format_is_a_time) {
  EXPECT_EQ(type_of({{"type", value{"string"}}, {"format", value{"date-time"}}}), view_type::timestamp);
  EXPECT_EQ(type_of({{"type", value{"string"}}, {"format", value{"date"}}}), view_type::date);
  EXPECT_EQ(type_of({{"type", value{"string"}}, {"format", value{"uuid"}}}), view_type::text);
}

TEST(declared_fields_test, what_has_no_one_type_is_JSON) {
  EXPECT_EQ(type_of({{"type", value{"object"}}}), view_type::json);
  EXPECT_EQ(type_of({{"type", either({"array", "string"})}}), view_type::json);
  EXPECT_EQ(type_of({}), view_type::json);
  EXPECT_EQ(type_of({{"type", either({"string", "integer"})}}), view_type::text);
}

TEST(declared_fields_test, a_schema_that_declares_nothing_has_no_fields) {
  EXPECT_TRUE(declared_fields(value{}).empty());
  EXPECT_TRUE(declared_fields(value{"text"}).empty());
  EXPECT_TRUE(declared_fields(value{value_map{{"properties", value{"text"}}}}).empty());
}

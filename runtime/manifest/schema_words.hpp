#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/expression/value.hpp"

/// JSON Schema's kinds of values, and how people are told of them.
namespace lode::schema_words {

struct type_words {
  std::string_view type;  ///< as schemas name it
  std::string_view words; ///< "a whole number"
};

/// Null when `item` is no map, has no such key, or holds another kind there.
const expression::value* at(const expression::value& item, std::string_view key);
const expression::value_map* map_at(const expression::value& item, std::string_view key);
const expression::value_list* list_at(const expression::value& item, std::string_view key);

bool is_number(const expression::value& item);
bool has_type(const expression::value& item, std::string_view type);

/// The types that `schema` allows; none when it names none, or one that is not known.
std::vector<type_words> allowed_types(const expression::value& schema);

/// The kind of `item`, never its content but of true and false.
std::string found_words(const expression::value& item);
std::string expected_words(const expression::value& schema);
/// A value that the schema names, as JSON.
std::string written(const expression::value& item);

/// As Python's `==`, but that true is not 1.
bool same(const expression::value& left, const expression::value& right);

} // namespace lode::schema_words

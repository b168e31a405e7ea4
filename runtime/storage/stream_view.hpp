#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lode {

/// What a column of a view holds. Each has a function of this name with `_of` in the schema lode_views, which yields NULL for
/// what does not fit.
enum class view_type : uint8_t { text, integer, number, boolean, timestamp, date, json };
std::string_view name_of(view_type type);

/// A field of a stream's records that its source declares.
struct view_field {
  std::string name;
  view_type type = view_type::text;
  friend bool operator==(const view_field&, const view_field&) = default;
};

/// The SQL view over a stream's records in all connections to its source.
struct stream_view {
  std::string stream;
  std::vector<view_field> fields;
};

/// Columns that every view has, before those of its fields.
inline constexpr std::string_view view_columns[] = {"tenant",  "connection", "key",    "first_seen",
                                                    "changed", "deleted",    "payload"};

/// "SOURCE__STREAM", as PostgreSQL takes it: at most 63 bytes. A name that is longer, or that other names would give too,
/// gets a hash at its end.
std::string view_name(std::string_view source, std::string_view stream);

/// The fields that become columns, each with the column's name: that of the field, with underscores behind it where it is taken
/// already, cut to 63 bytes. What PostgreSQL has no name for, or no room, is left out.
struct view_column {
  std::string name;
  view_field field;
  friend bool operator==(const view_column&, const view_column&) = default;
};
std::vector<view_column> columns_of(const std::vector<view_field>& fields);

} // namespace lode

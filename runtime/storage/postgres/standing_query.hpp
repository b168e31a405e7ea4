#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/storage/inspection_store.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// The LIKE pattern of what holds this text anywhere.
std::string like_within(const std::string& text);

/// A statement that is put together piece by piece, with its parameters.
struct built_query {
  std::string text;
  parameters values;

  std::string bind(int64_t value);
  std::string bind(const std::string& value);
  std::string bind(std::span<const int64_t> values);
};

/// Where a row stands in its order; `name` and `connection_name` in that of names, else the numbers. Rows after it are those with a greater key.
struct standing_key {
  int64_t rank = 0;
  int64_t key = 0;
  int64_t id = 0;
  std::string name{};
  std::string connection_name{};
};

std::string cursor_of(standing_sort sort, const standing_key& key);
/// errc::bad_argument: it is of another order.
caf::expected<std::optional<standing_key>> read_cursor_of(standing_sort sort, const std::string& text);

/// A row of a page, by its key; `connection` 0: a tenant without one.
struct standing_hit {
  int64_t tenant = 0;
  int64_t connection = 0;
  standing_key key;
};

/// What the queries need to know beside the filter.
struct standing_scope {
  const standing_filter& filter;
  std::optional<int64_t> source{};         ///< the filter's
  const std::vector<int64_t>& dead_shards; ///< those that no living node has
  int64_t now = 0;
};

/// The reason of connection `n` with its standing `s`, shard `h` and due time `d`, as a number. One list of words for all that tell it.
std::string reason_expression(const std::string& dead_shards, const std::string& queued_before);

/// Tenants that may have rows which fit, by each condition that may be met by few; the answer is all that fit it, or too many.
std::vector<built_query> candidate_queries(const standing_scope& scope, size_t most);
/// The rows of these tenants that fit, after `after`; the last column counts all that fit.
built_query rows_of_tenants(const standing_scope& scope, std::span<const int64_t> tenants, const std::optional<standing_key>& after, size_t limit);
/// One after the other, in the order of the list, each read through an index until the page is full. Null: there is no such part.
struct standing_part {
  int64_t rank = 0; ///< of all its rows
  std::function<built_query(const std::optional<standing_key>& after, size_t limit)> rows;
};
std::vector<standing_part> parts_of_list(const standing_scope& scope);

} // namespace lode

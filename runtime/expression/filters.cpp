#include "runtime/expression/filters.hpp"

#include <vector>

#include "runtime/expression/utf8.hpp"

namespace lode::expression {

std::span<const function_row> filter_table() {
  static const auto all = [] {
    std::vector<function_row> rows;
    for (auto topic : {conversion_filters(), list_filters(), number_filters(), text_filters(), encoding_filters(),
                       pattern_filters()})
      rows.insert(rows.end(), topic.begin(), topic.end());
    return rows;
  }();
  return all;
}

value folded(const value& item) {
  return item.is(kind::string) ? value{to_lower(item.string())} : item;
}

value_list pairs_of(const value_map& entries) {
  value_list out;
  for (auto& [key, item] : entries)
    out.emplace_back(value_list{key, item});
  return out;
}

} // namespace lode::expression

#pragma once

#include "runtime/expression/functions.hpp"

/// The filters by topic: filter_table() joins the tables in this order; internal to this folder.
namespace lode::expression {

std::span<const function_row> conversion_filters();
std::span<const function_row> list_filters();
std::span<const function_row> number_filters();
std::span<const function_row> text_filters();
std::span<const function_row> encoding_filters();
std::span<const function_row> pattern_filters();

/// What items are compared by: Jinja ignores case when it orders texts or looks for equal ones.
value folded(const value& item);

/// The entries of a map as lists of key and value.
value_list pairs_of(const value_map& entries);

} // namespace lode::expression

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/expression/ast.hpp"
#include "runtime/expression/functions.hpp"

namespace lode::expression {

/// An argument as it stands in a call.
struct given_argument {
  std::string name; ///< "" when it is given by its place
  node_pointer item;
  size_t column;
};

/// Appends what is given to `arguments`, in the order of the row's parameters; absent optional ones are null. Nothing, or
/// why it does not fit the row. `what` is "filter", "function", ...; `column` is that of the call.
std::optional<failure> bind_arguments(const function_row& row, std::string_view what, std::vector<given_argument> given,
                                      node_list& arguments, size_t column);

} // namespace lode::expression

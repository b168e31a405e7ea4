#pragma once

#include "runtime/expression/ast.hpp"
#include "runtime/expression/functions.hpp"

namespace lode::expression {

/// `left which right` for + - * / // % ** ~, with Python's rules; a failure where Python raises
/// and where a whole number would not fit into 64 bits.
value calculate(evaluation& run, operation which, const value& left, const value& right);

} // namespace lode::expression

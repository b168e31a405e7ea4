#pragma once

#include "runtime/expression/ast.hpp"
#include "runtime/expression/functions.hpp"

namespace lode::expression {

/// The value of one expression; `run` knows whether it failed.
value evaluate_node(evaluation& run, const node& code);

} // namespace lode::expression

#pragma once

#include <optional>
#include <string_view>

#include "runtime/expression/value.hpp"

namespace lode::expression {

/// Reads a Python literal (`5`, `True`, `'x'`, `[1, 2]`, `{'a': 1}`, `1_000`, `0x10`) as
/// `ast.literal_eval` does; nothing when the text is none. What we have no value for (tuples, sets,
/// bytes, complex numbers, maps with keys that are not text) is not read either, so it stays text.
std::optional<value> read_python_literal(std::string_view text);

} // namespace lode::expression

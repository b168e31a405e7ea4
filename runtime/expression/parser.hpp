#pragma once

#include <memory>
#include <string_view>

#include "runtime/expression/ast.hpp"
#include "runtime/expression/program.hpp"

namespace lode::expression {

/// Parses a whole template: text, `{{ expressions }}` and `{# comments #}`.
result<std::shared_ptr<const template_node>> parse_template(std::string_view text, const scope& where);

} // namespace lode::expression

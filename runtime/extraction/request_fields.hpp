#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/expression/context.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// The four bags of a request that several components fill: parameters, headers, form fields, JSON body.
struct request_fields {
  using entries = std::vector<std::pair<std::string, expression::value>>;
  entries parameters;
  entries headers;
  entries form;
  expression::value_map json;
};

/// What happens when two components fill the same key. JSON bodies may repeat equal values and merge level by level.
enum class on_repeat : uint8_t { refuse, keep_first, keep_last };

/// Puts `value` where `option` says. Fails with errc::bad_source.
caf::error put_option(request_fields& fields, const request_option& option, expression::value value,
                      const expression::context& names);

/// Adds all of `more` to `fields`. Fails with errc::bad_source naming a repeated key.
caf::error merge(request_fields& fields, const request_fields& more, on_repeat rule);

/// Evaluates a request map; entries that render to nothing are left out.
caf::expected<request_fields::entries> render_entries(const template_entries& entries, const expression::context& names,
                                                      expression::literals allowed, std::string_view what);

/// Evaluates a JSON body.
caf::expected<expression::value> render_tree(const template_tree& tree, const expression::context& names);

} // namespace lode

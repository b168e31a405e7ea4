#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/expression/program.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/extraction/json_document.hpp"

/// JSON to and from the values that templates see.
namespace lode {

expression::value to_value(json_node node);

/// A value as JSON text without white space; what JSON cannot hold becomes text.
std::string to_json(const expression::value& item);

/// The members of `variable` that a template reads, when its text shows that it reads nothing else of it:
/// `response.paging.next` reads `paging`. Absent: it may read anything.
std::optional<std::vector<std::string>> members_read(const expression::program& code, std::string_view variable);

/// The part of a body that `programs` may read as `response`: converting whole pages would cost more than reading them.
expression::value body_for(const std::vector<const expression::program*>& programs, json_node body);

} // namespace lode

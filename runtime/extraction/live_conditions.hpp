#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/extraction/json_document.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/manifest/live_plan.hpp"

/// Looking for texts in what was received.
namespace lode {

/// Decoded text, or of a number or boolean what was sent. Nothing for null, lists, maps and what is not there.
std::optional<std::string> text_at(const live_place& place, json_node event, const std::vector<http_header>& headers);

bool holds(const live_condition& condition, json_node event, const std::vector<http_header>& headers);
bool hold_all(const live_conditions& conditions, json_node event, const std::vector<http_header>& headers);

} // namespace lode

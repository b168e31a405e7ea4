#pragma once

#include <string>

#include "tests/scenario/sinks/told_changes.hpp"

namespace lode::test {

/// Reads feed and records of all tenants.
stored_truth read_truth(const std::string& dsn);

} // namespace lode::test

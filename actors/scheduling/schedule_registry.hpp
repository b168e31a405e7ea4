#pragma once

#include <boost/json/fwd.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "actors/scheduling/schedule_policy.hpp"
#include "runtime/registry.hpp"

namespace lode {

/// One kind of schedule: the keys of the JSON object that are its own, the first of which selects it, and how it is
/// made from the object. `make` fails with errc::bad_argument: key, value found, what is allowed.
struct schedule_kind {
  std::vector<std::string> keys;
  std::function<caf::expected<schedule_policy_pointer>(const boost::json::object&)> make;
};

using schedule_registry = registry<schedule_kind>;

/// `interval` ("every"), `cron` ("cron", "time_zone") and `manual` ("manual"). Add kinds of your own with add().
schedule_registry builtin_schedules();

/// Due every `period` after the last due time; at once when new.
schedule_policy_pointer make_interval_policy(std::chrono::milliseconds period);

} // namespace lode

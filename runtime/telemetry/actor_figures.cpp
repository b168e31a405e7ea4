#include "runtime/telemetry/actor_figures.hpp"

#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/metric.hpp>
#include <caf/telemetry/metric_family.hpp>

#include <map>

namespace lode {

namespace {

/// What CAF calls for each metric; only the mailboxes are of interest.
struct mailboxes {
  std::map<std::string, int64_t> by_name;

  void operator()(const caf::telemetry::metric_family* family, const caf::telemetry::metric* metric,
                  const caf::telemetry::int_gauge* gauge) {
    if (family->prefix() != "caf.actor" || family->name() != "mailbox-size")
      return;
    for (const auto& label : metric->labels())
      if (label.name() == "name")
        by_name[std::string{label.value().begin(), label.value().end()}] += gauge->value();
  }
  template <class Other>
  void operator()(const caf::telemetry::metric_family*, const caf::telemetry::metric*, const Other*) {}
};

} // namespace

std::vector<actor_figures> actor_figures_of(const caf::telemetry::metric_registry& registry) {
  mailboxes found;
  registry.collect(found);
  std::vector<actor_figures> out;
  for (const auto& [name, depth] : found.by_name)
    out.push_back({name, 0, depth, 0});
  return out;
}

} // namespace lode

#include "runtime/telemetry/actor_figures.hpp"

#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>
#include <caf/telemetry/metric.hpp>
#include <caf/telemetry/metric_family.hpp>

#include <map>

namespace lode {

namespace {

/// What CAF calls for each metric.
struct by_actor_name {
  std::map<std::string, actor_figures> found;

  void operator()(const caf::telemetry::metric_family* family, const caf::telemetry::metric* metric,
                  const caf::telemetry::int_gauge* gauge) {
    if (family->prefix() == "caf.actor" && family->name() == "mailbox-size")
      of(metric).mailbox += gauge->value();
  }
  void operator()(const caf::telemetry::metric_family* family, const caf::telemetry::metric* metric,
                  const caf::telemetry::dbl_histogram* histogram) {
    if (family->prefix() != "caf.actor" || family->name() != "processing-time")
      return;
    auto& figures = of(metric);
    figures.processing_seconds += histogram->sum();
    for (const auto& bucket : histogram->buckets())
      figures.messages += bucket.count.value();
  }
  template <class Other>
  void operator()(const caf::telemetry::metric_family*, const caf::telemetry::metric*, const Other*) {}

  actor_figures& of(const caf::telemetry::metric* metric) {
    std::string name;
    for (const auto& label : metric->labels())
      if (label.name() == "name")
        name.assign(label.value().begin(), label.value().end());
    auto& figures = found[name];
    figures.name = name;
    return figures;
  }
};

} // namespace

std::vector<actor_figures> actor_figures_of(const caf::telemetry::metric_registry& registry) {
  by_actor_name collected;
  registry.collect(collected);
  std::vector<actor_figures> out;
  for (auto& [name, figures] : collected.found)
    out.push_back(std::move(figures));
  return out;
}

} // namespace lode

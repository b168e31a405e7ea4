#pragma once

#include <caf/fwd.hpp>

#include <string>
#include <string_view>

namespace lode {

/// Writes metrics in Prometheus' text form, so that `promtool check metrics` finds nothing to say: base units, `_total` on what
/// counts, help and type once per family, values and texts escaped, buckets cumulative and with their count, no timestamps.
class prometheus_writer {
public:
  /// Begins a family; what follows are its samples. `type`: counter, gauge or histogram.
  void family(std::string_view name, std::string_view help, std::string_view type);
  /// `labels`: "" or `{name="value",...}` as `label_text` makes it.
  void sample(std::string_view name, std::string_view labels, int64_t value);
  void sample(std::string_view name, std::string_view labels, double value);

  std::string take() { return std::move(text_); }

private:
  std::string text_;
};

/// `name="value"`, the value escaped.
std::string label_text(std::string_view name, std::string_view value);

/// Every metric of `registry`, CAF's own included. A family without a metric is left out.
std::string prometheus_text(const caf::telemetry::metric_registry& registry);

} // namespace lode

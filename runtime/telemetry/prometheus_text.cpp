#include "runtime/telemetry/prometheus_text.hpp"

#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>
#include <caf/telemetry/metric.hpp>
#include <caf/telemetry/metric_family.hpp>
#include <caf/telemetry/metric_registry.hpp>
#include <fmt/format.h>

#include <cmath>

namespace lode {

namespace {

using namespace caf::telemetry;

std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  for (char c : text) {
    if (c == '\\' || (c == '"' && quotes))
      out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value))
    return "NaN";
  if (std::isinf(value))
    return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

/// CAF's parts of a name, joined by the conventions.
std::string name_of(const metric_family& family, bool counts) {
  auto name = family.prefix() + "_" + family.name();
  if (family.unit() != "1")
    name += "_" + family.unit();
  if (counts)
    name += "_total";
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)))
      c = '_';
  return name;
}

std::string in_braces(const std::string& labels) {
  return labels.empty() ? labels : "{" + labels + "}";
}

/// What CAF calls for each metric, family by family.
class registry_reader {
public:
  void operator()(const metric_family* family, const metric* metric, const int_counter* it) { one(family, metric, true, it->value()); }
  void operator()(const metric_family* family, const metric* metric, const dbl_counter* it) { one(family, metric, true, it->value()); }
  void operator()(const metric_family* family, const metric* metric, const int_gauge* it) { one(family, metric, false, it->value()); }
  void operator()(const metric_family* family, const metric* metric, const dbl_gauge* it) { one(family, metric, false, it->value()); }
  void operator()(const metric_family* family, const metric* metric, const int_histogram* it) { many(family, metric, *it); }
  void operator()(const metric_family* family, const metric* metric, const dbl_histogram* it) { many(family, metric, *it); }

  std::string take() { return out_.take(); }

private:
  template <class Number>
  void one(const metric_family* family, const metric* metric, bool counts, Number value) {
    begin(family, counts, counts ? "counter" : "gauge");
    out_.sample(name_, in_braces(labels_of(metric)), value);
  }

  template <class Histogram>
  void many(const metric_family* family, const metric* metric, const Histogram& histogram) {
    begin(family, false, "histogram");
    const auto labels = labels_of(metric);
    const auto before = labels.empty() ? labels : labels + ",";
    int64_t seen = 0;
    const auto buckets = histogram.buckets();
    for (size_t i = 0; i < buckets.size(); ++i) {
      seen += buckets[i].count.value();
      const auto bound = i + 1 == buckets.size() ? "+Inf" : number(static_cast<double>(buckets[i].upper_bound));
      out_.sample(name_ + "_bucket", in_braces(before + label_text("le", bound)), seen);
    }
    out_.sample(name_ + "_sum", in_braces(labels), histogram.sum());
    out_.sample(name_ + "_count", in_braces(labels), seen); // what was seen here: counted apart it could be another number
  }

  void begin(const metric_family* family, bool counts, std::string_view type) {
    if (family == family_)
      return;
    family_ = family;
    name_ = name_of(*family, counts);
    out_.family(name_, family->helptext(), type);
  }

  static std::string labels_of(const metric* metric) {
    std::string out;
    for (const auto& label : metric->labels())
      out += (out.empty() ? "" : ",")
             + label_text({label.name().data(), label.name().size()}, {label.value().data(), label.value().size()});
    return out;
  }

  prometheus_writer out_;
  const metric_family* family_ = nullptr;
  std::string name_;
};

} // namespace

void prometheus_writer::family(std::string_view name, std::string_view help, std::string_view type) {
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(help, false), name, type);
}

void prometheus_writer::sample(std::string_view name, std::string_view labels, int64_t value) {
  text_ += fmt::format("{}{} {}\n", name, labels, value);
}

void prometheus_writer::sample(std::string_view name, std::string_view labels, double value) {
  text_ += fmt::format("{}{} {}\n", name, labels, number(value));
}

std::string label_text(std::string_view name, std::string_view value) {
  return fmt::format("{}=\"{}\"", name, escaped(value, true));
}

std::string prometheus_text(const caf::telemetry::metric_registry& registry) {
  registry_reader reader;
  registry.collect(reader);
  return reader.take();
}

} // namespace lode

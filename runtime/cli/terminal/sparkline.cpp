#include "runtime/cli/terminal/sparkline.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <vector>

namespace lode {

namespace {

namespace json = boost::json;

std::vector<std::optional<double>> averaged(const json::array& values, size_t columns) {
  std::vector<std::optional<double>> out;
  const auto count = std::min(columns, values.size());
  for (size_t i = 0; i < count; ++i) {
    double sum = 0;
    size_t known = 0;
    for (size_t k = i * values.size() / count; k < (i + 1) * values.size() / count; ++k)
      if (values[k].is_number()) {
        sum += values[k].to_number<double>();
        ++known;
      }
    out.push_back(known ? std::optional{sum / static_cast<double>(known)} : std::nullopt);
  }
  return out;
}

} // namespace

sparkline make_sparkline(const json::array& values, size_t columns, bool has_utf8) {
  constexpr std::array bars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  constexpr std::array ascii{"_", ".", ",", "-", "=", "+", "*", "#"};
  sparkline out;
  const auto steps = averaged(values, columns);
  for (const auto& step : steps) {
    out.is_known = out.is_known || step;
    out.most = std::max(out.most, step.value_or(0));
  }
  for (const auto& step : steps) {
    auto level = step && out.most > 0 ? std::clamp(std::ceil(*step / out.most * 8) - 1, 0.0, 7.0) : 0;
    auto at = static_cast<size_t>(level);
    out.bars += !step ? " " : has_utf8 ? bars[at] : ascii[at];
  }
  return out;
}

} // namespace lode

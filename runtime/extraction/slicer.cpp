#include "runtime/extraction/slicer.hpp"

#include <algorithm>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/program.hpp"
#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/child_partitions.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"

namespace lode {

namespace {

using expression::calendar_duration;

constexpr size_t max_slices = 100'000;

caf::expected<std::optional<instant>> parse_bound(const program& code, const std::string& format,
                                                  const expression::context& names, std::string_view what) {
  auto text = text_of(code, names, what);
  if (!text)
    return text.error();
  if (text->empty())
    return std::optional<instant>{};
  auto date = expression::parse_date_time(*text, format);
  if (!date)
    if (auto iso = expression::parse_iso_date_time(*text))
      date = std::move(iso);
  if (!date)
    return bad_template(what, date.error());
  return std::optional{to_instant(*date)};
}

caf::expected<instant> resolve(const datetime_bound& bound, const incremental_plan& plan,
                               const expression::context& names, std::string_view what) {
  const auto& format = bound.format.empty() ? plan.datetime_format : bound.format;
  auto moment = parse_bound(bound.datetime, format, names, what);
  if (!moment)
    return moment.error();
  if (!*moment)
    return failed(errc::bad_source, std::string{what} + " renders to nothing, a datetime is needed");
  auto least = parse_bound(bound.minimum, format, names, "min_datetime");
  if (!least)
    return least.error();
  auto most = parse_bound(bound.maximum, format, names, "max_datetime");
  if (!most)
    return most.error();
  auto result = std::max(**moment, least->value_or(**moment));
  return std::min(result, most->value_or(result));
}

caf::expected<calendar_duration> duration_of(const std::optional<program>& code, const expression::context& names,
                                             std::string_view what) {
  if (!code)
    return calendar_duration{};
  auto text = text_of(*code, names, what);
  if (!text)
    return text.error();
  if (text->empty())
    return calendar_duration{};
  auto span = expression::parse_iso_duration(*text);
  if (!span)
    return bad_template(what, span.error());
  return *span;
}

instant plus(instant moment, const calendar_duration& span) {
  return to_instant(expression::add(to_date_time(moment), span));
}

instant minus(instant moment, const calendar_duration& span) {
  return to_instant(expression::subtract(to_date_time(moment), span));
}

planned_slice slice_of(instant from, instant to, instant printed_to) {
  planned_slice slice{{from, to}, {}};
  slice.first.set_slice_from_us(from.time_since_epoch().count());
  slice.first.set_slice_to_us(printed_to.time_since_epoch().count());
  return slice;
}

caf::expected<std::vector<planned_slice>> cut(instant lower, instant upper, const calendar_duration& step,
                                              const calendar_duration& granularity) {
  std::vector<planned_slice> slices;
  if (lower >= upper)
    return slices;
  if (step.empty())
    return std::vector{slice_of(lower, upper, upper)};
  for (auto from = lower; from < upper;) {
    auto to = plus(from, step);
    if (to <= from || slices.size() == max_slices)
      return failed(errc::bad_source, "step cuts the window into more than " + std::to_string(max_slices) + " slices");
    bool is_last = to >= upper;
    slices.push_back(is_last ? slice_of(from, upper, upper) : slice_of(from, to, minus(to, granularity)));
    from = is_last ? upper : to;
  }
  return slices;
}

} // namespace

caf::expected<std::vector<planned_slice>> plan_slices(const stream_plan& stream, const slice_inputs& inputs) {
  if (!stream.incremental)
    return std::vector{planned_slice{}};
  const auto& plan = *stream.incremental;
  auto names = names_of(stream, inputs.config, inputs.partition, {}, inputs.now);
  if (!names)
    return names.error();
  auto start = resolve(plan.start, plan, *names, "start_datetime");
  if (!start)
    return start.error();
  auto settled = std::min(inputs.now, inputs.server_date.value_or(inputs.now)) - stream.lode.settle_time;
  caf::expected<instant> end = instant{settled};
  if (plan.end) {
    end = resolve(*plan.end, plan, *names, "end_datetime");
    if (!end)
      return end.error();
  }
  auto lookback = duration_of(plan.lookback, *names, "lookback_window");
  if (!lookback)
    return lookback.error();
  auto step = duration_of(plan.step, *names, "step");
  if (!step)
    return step.error();
  auto granularity = duration_of(plan.granularity, *names, "cursor_granularity");
  if (!granularity)
    return granularity.error();
  auto lower = *start;
  if (inputs.cursor && *inputs.cursor > *start)
    lower = std::max(*start, minus(*inputs.cursor - stream.lode.settle_time, *lookback));
  auto upper = std::min<instant>(*end, settled);
  if (inputs.span) {
    lower = std::max(*start, inputs.span->from);
    upper = std::min(upper, inputs.span->to);
  }
  return cut(lower, upper, *step, *granularity);
}

caf::expected<std::vector<std::string>> initial_partitions(const stream_plan& stream, const expression::value& config,
                                                           instant now) {
  bool has_parent = std::any_of(stream.routers.begin(), stream.routers.end(),
                                [](const auto& router) { return std::holds_alternative<substream_router>(router); });
  if (has_parent)
    return std::vector<std::string>{};
  auto products = list_products(stream.routers, names_of(config, now));
  if (!products || stream.routers.empty())
    return products;
  std::vector<std::string> partitions;
  for (auto& members : *products) {
    members.back() = '}';
    std::string text;
    if (auto error = canonical_form("{" + members, {}, text))
      return error;
    if (std::find(partitions.begin(), partitions.end(), text) == partitions.end())
      partitions.push_back(std::move(text));
  }
  return partitions;
}

std::optional<instant> read_http_date(std::string_view text) {
  auto date = expression::parse_date_time(text, "%a, %d %b %Y %H:%M:%S GMT");
  return date ? std::optional{to_instant(*date)} : std::nullopt;
}

} // namespace lode

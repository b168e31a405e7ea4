#include "runtime/extraction/evaluation.hpp"

#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/json_value.hpp"

namespace lode {

expression::date_time to_date_time(instant moment) {
  return {moment.time_since_epoch().count(), 0, true};
}

instant to_instant(expression::date_time moment) {
  return instant{std::chrono::microseconds{moment.microseconds}};
}

caf::expected<expression::value> partition_values(std::string_view partition) {
  if (partition.empty())
    return expression::value{expression::value_map{}};
  json_document document;
  if (document.parse(partition) || !document.root().is(json_kind::map))
    return failed(errc::internal, "the partition of a continuation is not a JSON object");
  return to_value(document.root());
}

slice_bounds printed_bounds(const wire::continuation_state& state, const slice_bounds& slice) {
  if (state.slice_from_us() == 0 && state.slice_to_us() == 0)
    return slice;
  return {instant{std::chrono::microseconds{state.slice_from_us()}},
          instant{std::chrono::microseconds{state.slice_to_us()}}};
}

std::string print_bound(const incremental_plan& plan, instant moment) {
  return expression::format_date_time(to_date_time(moment), plan.datetime_format);
}

caf::expected<expression::context> names_of(const stream_plan& stream, const expression::value& config,
                                            std::string_view partition, const slice_bounds& bounds, instant now) {
  auto slice = partition_values(partition);
  if (!slice)
    return slice.error();
  if (stream.incremental && !bounds.is_whole()) {
    auto fields = slice->map();
    fields.set(stream.incremental->slice_start_field, print_bound(*stream.incremental, bounds.from));
    fields.set(stream.incremental->slice_end_field, print_bound(*stream.incremental, bounds.to));
    slice = expression::value{std::move(fields)};
  }
  auto names = names_of(config, now);
  names.set("stream_slice", std::move(*slice));
  return names;
}

expression::context names_of(const expression::value& config, instant now) {
  expression::context names{to_date_time(now)};
  names.set("config", config);
  return names;
}

caf::expected<std::string> text_of(const expression::program& code, const expression::context& names,
                                   std::string_view what) {
  auto text = expression::evaluate_text(code, names);
  if (!text)
    return bad_template(what, text.error());
  return std::move(*text);
}

caf::expected<std::string> written_text(const expression::program& code, const expression::context& names,
                                        std::string_view what) {
  auto text = code.render(names);
  if (!text)
    return bad_template(what, text.error());
  if (text->is_undefined_chain)
    return bad_template(what, text->why);
  if (text->outcome.is(expression::kind::undefined) || text->outcome.is(expression::kind::none))
    return failed(errc::bad_source, std::string{what} + ": '" + code.source() + "' has no value");
  return expression::to_text(text->outcome);
}

} // namespace lode

#include "runtime/expression/datetime_format.hpp"
#include "runtime/manifest/compile.hpp"
#include "runtime/manifest/scopes.hpp"

namespace lode {

namespace {

datetime_bound compile_bound(const component& cursor, std::string_view name) {
  datetime_bound out;
  auto* given = cursor.field(name);
  if (given->is == manifest_node::shape::scalar) {
    out.datetime = cursor.code(name, scopes::config);
    return out;
  }
  auto bound = cursor.child(name);
  if (!bound)
    return out;
  if (bound->type() != "MinMaxDatetime") {
    bound->unsupported_type("MinMaxDatetime");
    return out;
  }
  out.datetime = bound->required_code("datetime", scopes::config);
  out.format = bound->text("datetime_format");
  out.minimum = bound->code("min_datetime", scopes::config);
  out.maximum = bound->code("max_datetime", scopes::config);
  return out;
}

// Durations may be templates; a constant one is checked now.
std::optional<program> compile_duration(const component& cursor, std::string_view name) {
  auto code = cursor.optional_code(name, scopes::config);
  if (!code || !code->is_plain() || code->empty())
    return code && code->empty() && code->is_plain() ? std::nullopt : code;
  if (auto span = expression::parse_iso_duration(code->source()); !span)
    cursor.error(span.error().message, name);
  return code;
}

std::optional<request_option> compile_option(const component& owner, std::string_view name) {
  auto option = owner.child(name);
  return option ? std::optional{compile_request_option(*option)} : std::nullopt;
}

} // namespace

incremental_plan compile_incremental(const component& cursor) {
  incremental_plan out;
  if (cursor.type() != "DatetimeBasedCursor") {
    cursor.unsupported_type("DatetimeBasedCursor");
    return out;
  }
  out.cursor_field = cursor.required_code("cursor_field", scopes::config);
  out.datetime_format = cursor.text("datetime_format");
  if (out.datetime_format.empty())
    cursor.error("DatetimeBasedCursor needs 'datetime_format'");
  out.cursor_formats = cursor.texts("cursor_datetime_formats");
  if (cursor.has("start_datetime"))
    out.start = compile_bound(cursor, "start_datetime");
  else
    cursor.error("DatetimeBasedCursor needs 'start_datetime'");
  if (cursor.has("end_datetime"))
    out.end = compile_bound(cursor, "end_datetime");
  out.step = compile_duration(cursor, "step");
  out.granularity = compile_duration(cursor, "cursor_granularity");
  if (out.step.has_value() != out.granularity.has_value())
    cursor.error("'step' and 'cursor_granularity' go together: give both or neither", out.step ? "step" : "cursor_granularity");
  out.lookback = compile_duration(cursor, "lookback_window");
  out.slice_start_field = cursor.text("partition_field_start", out.slice_start_field);
  out.slice_end_field = cursor.text("partition_field_end", out.slice_end_field);
  out.start_option = compile_option(cursor, "start_time_option");
  out.end_option = compile_option(cursor, "end_time_option");
  out.is_data_feed = cursor.flag("is_data_feed", false);
  out.is_client_side = cursor.flag("is_client_side_incremental", false);
  return out;
}

list_router compile_list_router(const component& router) {
  list_router out;
  auto* values = router.field("values");
  if (values == nullptr)
    router.error("ListPartitionRouter needs 'values'");
  else if (values->is == manifest_node::shape::scalar)
    out.values = router.code("values", scopes::config);
  else
    out.values = router.texts("values");
  out.cursor_field = router.text("cursor_field");
  if (out.cursor_field.empty())
    router.error("ListPartitionRouter needs 'cursor_field'");
  out.option = compile_option(router, "request_option");
  return out;
}

} // namespace lode

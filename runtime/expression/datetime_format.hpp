#pragma once

#include <string>
#include <string_view>

#include "runtime/expression/datetime.hpp"
#include "runtime/expression/result.hpp"
#include "runtime/expression/value.hpp"

namespace lode::expression {

/// Reads text by a format of Python's strptime directives. `%s`, `%s_as_float`, `%ms` and
/// `%epoch_microseconds` only as the whole format; `%_ms` stands for a fraction inside one. Text
/// without an offset is UTC. Fails naming text and format; years are 1 to 9999.
result<date_time> parse_date_time(std::string_view text, std::string_view format);
/// The same for a record's value: numbers are read by the epoch formats, others by their text.
result<date_time> parse_date_value(const value& item, std::string_view format);

/// Writes a moment in its own offset; the counterpart of parse_date_time.
std::string format_date_time(date_time moment, std::string_view format);

/// ISO-8601 as dateutil reads it: date, optional time and offset, basic or extended form.
result<date_time> parse_iso_date_time(std::string_view text);

/// `P1M`, `P1DT12H`, `PT0.000001S`: months and years are calendar durations, zero is legal.
result<calendar_duration> parse_iso_duration(std::string_view text);

} // namespace lode::expression

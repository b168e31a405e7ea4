#pragma once

#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Figures as people read them, and fields of answers: what is missing or null reads as nothing.
namespace lode {

/// "13,464"; below 10 with one decimal that is not zero: "4.5".
std::string count_text(double value);
/// "1.9 GiB"
std::string bytes_text(double bytes);
/// "45s", "1m18s", "12m", "3h12m", "5d3h"; negative spans are none: "0s".
std::string span_text(std::chrono::seconds span);
/// "4.8 %" of 0.048
std::string share_text(double share);
/// "17:00:02Z" of "2026-11-27T17:00:02.123Z": the time of day of an RFC 3339 time.
std::string clock_text(std::string_view time);

/// A text, made printable; a number or truth value as JSON writes it.
std::string text_in(const boost::json::object& object, std::string_view name);
std::optional<double> number_in(const boost::json::object& object, std::string_view name);
/// An empty one when there is none of this name.
const boost::json::object& object_in(const boost::json::object& object, std::string_view name);
const boost::json::array& array_in(const boost::json::object& object, std::string_view name);

/// From one time (RFC 3339) to another; nothing when one of them is none.
std::optional<std::chrono::seconds> span_between(std::string_view from, std::string_view to);

} // namespace lode

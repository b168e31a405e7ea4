#pragma once

#include <array>
#include <string_view>

/// Names of months and days as the C locale has them; internal to this folder.
namespace lode::expression {

inline constexpr std::array<std::string_view, 12> month_names{"January",   "February", "March",    "April",
                                                              "May",       "June",     "July",     "August",
                                                              "September", "October",  "November", "December"};
/// Begins with Monday, as weekday() counts.
inline constexpr std::array<std::string_view, 7> day_names{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                           "Friday", "Saturday", "Sunday"};

constexpr std::string_view abbreviated(std::string_view name) {
  return name.substr(0, 3);
}

} // namespace lode::expression

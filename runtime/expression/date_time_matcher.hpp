#pragma once

#include <optional>
#include <string_view>

#include "runtime/expression/calendar.hpp"

namespace lode::expression {

/// Matches text against a format as strptime's regular expression does: directives take as many digits as they may and
/// give some back when the rest does not match. The date library takes digits and never gives one back, so that it cannot
/// read `2024131` by `%Y%m%d`. For one use.
class date_time_matcher {
public:
  /// Whether all of `text` has the format. A format of more directives than APIs use is refused, because each one may
  /// multiply the ways to try.
  bool match(std::string_view text, std::string_view format);

  /// What was matched; nothing when there is no such day.
  std::optional<date_time> moment() const;

private:
  bool match_rest(std::string_view text, std::string_view format);
  bool match_space(std::string_view text, std::string_view format);
  bool match_directive(std::string_view text, char directive, std::string_view format);
  bool match_fraction(std::string_view text, std::string_view format);
  bool match_offset(std::string_view text, std::string_view format);
  bool match_word(std::string_view text, std::string_view format, std::string_view expected);
  bool match_half_day(std::string_view text, std::string_view format);
  bool match_month(std::string_view text, std::string_view format, bool is_full);
  bool match_day(std::string_view text, std::string_view format, bool is_full);
  struct number_form {
    size_t least_digits, most_digits;
    int low, high;
  };
  template <class Store>
  bool match_number(std::string_view text, std::string_view format, number_form form, Store store);

  civil_time parts_{1900, 1, 1, 0, 0, 0, 0};
  std::optional<int32_t> offset_;
  std::optional<bool> afternoon_;
  std::optional<int> day_of_year_;
  int directives_ = 0; ///< tried so far
};

} // namespace lode::expression

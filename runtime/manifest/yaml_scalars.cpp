#include <re2/re2.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/python_literal.hpp"
#include "runtime/manifest/yaml_reader.hpp"

namespace lode {

namespace {

using expression::value;

struct patterns {
  re2::RE2 truth{"yes|Yes|YES|true|True|TRUE|on|On|ON"};
  re2::RE2 falsehood{"no|No|NO|false|False|FALSE|off|Off|OFF"};
  re2::RE2 nothing{"~|null|Null|NULL|"};
  re2::RE2 whole{"[-+]?(0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)"};
  re2::RE2 sexagesimal{"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\\.[0-9_]*)?"};
  re2::RE2 real{"[-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?|\\.[0-9][0-9_]*([eE][-+][0-9]+)?"};
  re2::RE2 infinite{"([-+]?)\\.(inf|Inf|INF)"};
  re2::RE2 date{"[0-9]{4}-[0-9]{2}-[0-9]{2}"};
  re2::RE2 date_time{"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})([Tt]|[ \\t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\\.([0-9]*))?"
                     "(?:[ \\t]*(Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?"};
};

const patterns& yaml() {
  static const patterns shared;
  return shared;
}

std::string without_underscores(const std::string& text) {
  std::string out;
  for (char c : text)
    if (c != '_')
      out += c;
  return out;
}

value read_whole(std::string text) {
  bool is_negative = text.starts_with('-');
  text.erase(0, text.starts_with('-') || text.starts_with('+') ? 1 : 0);
  // A leading zero means octal in YAML 1.1; Python's literals write it 0o.
  if (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9')
    text.insert(1, "o");
  auto found = expression::read_python_literal((is_negative ? "-" : "") + text);
  return found ? *found : value{text};
}

value read_sexagesimal(const std::string& text) {
  double total = 0;
  bool is_real = text.find('.') != text.npos, is_negative = text.starts_with('-');
  for (size_t at = is_negative || text.starts_with('+') ? 1 : 0; at <= text.size();) {
    auto end = std::min(text.find(':', at), text.size());
    total = total * 60 + std::strtod(text.substr(at, end - at).c_str(), nullptr);
    at = end + 1;
  }
  total = is_negative ? -total : total;
  bool fits = std::abs(total) < 9e15;
  return is_real || !fits ? value{total} : value{static_cast<int64_t>(total)};
}

value read_moment(const std::string& text) {
  std::string year, month, day, separator, hour, minute, second, fraction, zone;
  re2::RE2::FullMatch(text, yaml().date_time, &year, &month, &day, &separator, &hour, &minute, &second, &fraction, &zone);
  fraction.resize(6, '0');
  auto pad = [](std::string part) { return part.size() < 2 ? "0" + part : part; };
  if (zone.size() > 1 && (zone.size() == 2 || zone[2] == ':'))
    zone.insert(1, "0");
  auto iso = year + "-" + pad(month) + "-" + pad(day) + "T" + pad(hour) + ":" + minute + ":" + second + "." + fraction + zone;
  auto moment = expression::parse_iso_date_time(iso);
  return moment ? value{*moment} : value{text};
}

} // namespace

value resolve_plain_scalar(const std::string& text) {
  auto is = [&text](const re2::RE2& pattern) { return re2::RE2::FullMatch(text, pattern); };
  if (is(yaml().nothing))
    return expression::none_value{};
  if (is(yaml().truth))
    return true;
  if (is(yaml().falsehood))
    return false;
  if (is(yaml().whole))
    return read_whole(without_underscores(text));
  if (is(yaml().real))
    return std::strtod(without_underscores(text).c_str(), nullptr);
  if (is(yaml().sexagesimal))
    return text[0] == '0' && text.find('.') == text.npos ? value{text} : read_sexagesimal(without_underscores(text));
  if (is(yaml().infinite))
    return text[0] == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  if (text == ".nan" || text == ".NaN" || text == ".NAN")
    return std::numeric_limits<double>::quiet_NaN();
  if (is(yaml().date)) {
    auto moment = expression::parse_date_time(text, "%Y-%m-%d");
    return moment ? value{expression::day_of(*moment)} : value{text};
  }
  return is(yaml().date_time) ? read_moment(text) : value{text};
}

} // namespace lode

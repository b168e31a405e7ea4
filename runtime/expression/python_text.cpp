#include "runtime/expression/python_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>

#include "runtime/expression/calendar.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

// What Python's str.isprintable() refuses, without unassigned code points.
bool is_printable(char32_t point) {
  struct range {
    char32_t first, last;
  };
  constexpr range hidden[] = {
    {0x00, 0x1f},     {0x7f, 0xa0},     {0xad, 0xad},     {0x600, 0x605},   {0x61c, 0x61c},   {0x6dd, 0x6dd},
    {0x70f, 0x70f},   {0x1680, 0x1680}, {0x180e, 0x180e}, {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f},
    {0x3000, 0x3000}, {0xd800, 0xf8ff}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0x10ffff}};
  for (auto [first, last] : hidden)
    if (point >= first && point <= last)
      return false;
  return true;
}

void append_escape(std::string& out, char32_t point) {
  char buffer[16];
  auto* form = point <= 0xff ? "\\x%02x" : point <= 0xffff ? "\\u%04x" : "\\U%08x";
  std::snprintf(buffer, sizeof buffer, form, static_cast<unsigned>(point));
  out += buffer;
}

void append_repr(std::string& out, const value& item) {
  if (item.is(kind::string))
    return append_quoted(out, item.string());
  if (item.is(kind::list)) {
    out += '[';
    for (auto& each : item.list()) {
      append_repr(out, each);
      out += ", ";
    }
    if (!item.list().empty())
      out.resize(out.size() - 2);
    out += ']';
    return;
  }
  if (item.is(kind::map)) {
    out += '{';
    for (auto& [key, each] : item.map()) {
      append_quoted(out, key);
      out += ": ";
      append_repr(out, each);
      out += ", ";
    }
    if (!item.map().empty())
      out.resize(out.size() - 2);
    out += '}';
    return;
  }
  out += item.is(kind::undefined) ? "Undefined" : to_text(item);
}

std::string span_to_text(const calendar_duration& span) {
  std::string out;
  if (auto years = span.months / 12; years != 0)
    out += std::to_string(years) + " years, ";
  if (auto months = span.months % 12; months != 0)
    out += std::to_string(months) + (months <= 1 ? " month, " : " months, ");
  constexpr int64_t day = 86'400'000'000;
  auto days = floor_divide(span.microseconds, day);
  auto rest = span.microseconds - days * day;
  if (days != 0)
    out += std::to_string(days) + (days == 1 || days == -1 ? " day, " : " days, ");
  auto seconds = rest / 1'000'000;
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%d:%02d:%02d", static_cast<int>(seconds / 3600),
                static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  out += buffer;
  if (auto micros = rest % 1'000'000; micros != 0) {
    std::snprintf(buffer, sizeof buffer, ".%06d", static_cast<int>(micros));
    out += buffer;
  }
  return out;
}

} // namespace

void append_quoted(std::string& out, std::string_view text) {
  auto has = [text](char wanted) { return text.find(wanted) != text.npos; };
  char quote = has('\'') && !has('"') ? '"' : '\'';
  out += quote;
  for (auto point : to_code_points(text)) {
    if (point == static_cast<char32_t>(quote) || point == U'\\') {
      out += '\\';
      out += static_cast<char>(point);
    } else if (point == U'\n') {
      out += "\\n";
    } else if (point == U'\r') {
      out += "\\r";
    } else if (point == U'\t') {
      out += "\\t";
    } else if (is_printable(point)) {
      append_utf8(out, point);
    } else {
      append_escape(out, point);
    }
  }
  out += quote;
}

std::string real_to_text(double number) {
  if (std::isnan(number))
    return "nan";
  if (std::isinf(number))
    return number < 0 ? "-inf" : "inf";
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  std::string_view text{buffer, static_cast<size_t>(end - buffer)};
  auto mark = text.find('e');
  int exponent = std::atoi(std::string{text.substr(mark + 1)}.c_str());
  std::string sign = text[0] == '-' ? "-" : "";
  std::string digits;
  for (char each : text.substr(0, mark))
    if (each >= '0' && each <= '9')
      digits += each;
  if (exponent < -4 || exponent >= 16) {
    auto mantissa = digits.substr(0, 1) + (digits.size() > 1 ? "." + digits.substr(1) : "");
    char tail[16];
    std::snprintf(tail, sizeof tail, "e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent));
    return sign + mantissa + tail;
  }
  if (exponent < 0)
    return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole)
    return sign + digits + std::string(whole - digits.size(), '0') + ".0";
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string to_text(const value& item) {
  switch (item.kind()) {
    case kind::undefined:
      return {};
    case kind::none:
      return "None";
    case kind::boolean:
      return item.boolean() ? "True" : "False";
    case kind::integer:
      return std::to_string(item.integer());
    case kind::real:
      return real_to_text(item.real());
    case kind::number:
      return item.number();
    case kind::string:
      return item.string();
    case kind::date_time:
      return iso_text(item.moment(), ' ');
    case kind::date:
      return iso_text(item.day());
    case kind::duration:
      return span_to_text(item.span());
    default:
      return to_repr(item);
  }
}

std::string to_repr(const value& item) {
  std::string out;
  append_repr(out, item);
  return out;
}

} // namespace lode::expression

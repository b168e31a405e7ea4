#include "runtime/cli/terminal/screen_line.hpp"

#include "runtime/cli/terminal/text.hpp"

namespace lode {

screen_line& screen_line::add(std::string text, tone how) {
  if (!text.empty())
    pieces_.push_back({std::move(text), how});
  return *this;
}

screen_line screen_line::within(size_t columns) const {
  screen_line out;
  const bool is_cut = columns > 0 && columns_of(text()) > columns; // blanks at the end are nothing to miss
  if (is_cut)
    --columns; // for the mark
  for (const auto& each : pieces_) {
    auto part = cut(each.text, columns);
    columns -= columns_of(part);
    const bool is_whole = part.size() == each.text.size();
    out.add(std::move(part), each.how);
    if (!is_whole)
      break;
  }
  return is_cut ? out.add(cut_mark) : out;
}

size_t screen_line::columns() const {
  size_t out = 0;
  for (const auto& each : pieces_)
    out += columns_of(each.text);
  return out;
}

std::string screen_line::text() const {
  std::string out;
  for (const auto& each : pieces_)
    out += each.text;
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

namespace {

const char* sequence_of(tone how) {
  switch (how) {
    case tone::strong: return "\x1b[1m";
    case tone::faint: return "\x1b[2m";
    case tone::good: return "\x1b[32m";
    case tone::warning: return "\x1b[33m";
    case tone::critical: return "\x1b[1;31m";
    case tone::plain: break;
  }
  return "";
}

} // namespace

std::string paint(const screen_line& line, paint_style style) {
  std::string out;
  for (const auto& each : line.pieces()) {
    const bool is_coloured = style.has_colour && each.how != tone::plain;
    out += is_coloured ? sequence_of(each.how) : "";
    out += style.has_utf8 ? each.text : as_ascii(each.text);
    out += is_coloured ? "\x1b[0m" : "";
  }
  if (!style.has_colour)
    out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

} // namespace lode

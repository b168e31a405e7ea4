#include "runtime/cli/demo/progress_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/cli/demo/report.hpp"

namespace lode::demo {

namespace {

constexpr size_t name_columns = 20;
constexpr size_t value_columns = 22;
constexpr size_t shortest_bar = 8;
constexpr size_t longest_bar = 40;

std::string repeat(const char* text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i)
    out += text;
  return out;
}

std::string coloured(const std::string& text, const char* colour, const screen& screen) {
  return screen.has_colours && !text.empty() ? std::string{"\x1b["} + colour + "m" + text + "\x1b[0m" : text;
}

std::string bar(double share, size_t columns, const char* colour, const screen& screen) {
  auto full = static_cast<size_t>(std::llround(std::clamp(share, 0.0, 1.0) * static_cast<double>(columns)));
  return coloured(repeat(screen.has_utf8 ? "█" : "#", full), colour, screen)
         + coloured(repeat(screen.has_utf8 ? "░" : ".", columns - full), "2", screen);
}

double share_of(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

std::string line(const std::string& name, const std::string& value, double share, const char* colour, const screen& screen) {
  auto room = screen.width > name_columns + value_columns + 4 ? screen.width - name_columns - value_columns - 4 : 0;
  if (room < shortest_bar)
    return clip(fmt::format("  {} {}", value, name), screen.width - 1);
  return fmt::format("  {:<{}}", name, name_columns - 2) + bar(share, std::min(room, longest_bar), colour, screen) + "  " + value;
}

} // namespace

std::string clock_text(double seconds) {
  auto whole = static_cast<int64_t>(seconds);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string clip(const std::string& text, size_t columns) {
  size_t at = 0;
  for (size_t seen = 0; at < text.size(); ++at) {
    auto begins_character = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (begins_character && seen++ == columns)
      break;
  }
  return text.substr(0, at);
}

std::vector<std::string> render_bars(const progress& now, const screen& given) {
  auto screen = given;
  screen.width = std::max<size_t>(screen.width, 2);
  auto of = [](int64_t part, int64_t whole) {
    return with_commas(part) + (whole > 0 ? " of " + with_commas(whole) : "");
  };
  auto records = static_cast<double>(now.records);
  auto waiting = static_cast<double>(now.waiting_for_quota);
  std::vector<std::string> out{
    coloured(clip(now.title, screen.width - 1), "1", screen),
    line("tenants done", of(now.tenants_done, now.tenants), share_of(static_cast<double>(now.tenants_done), static_cast<double>(now.tenants)),
         "32", screen),
    line("records", of(now.records, now.records_expected), share_of(records, static_cast<double>(now.records_expected)), "36", screen),
    line("calls/s", with_commas(std::llround(now.calls_per_second)), share_of(now.calls_per_second, now.most_calls_per_second), "34",
         screen),
    line("waiting for quota", with_commas(now.waiting_for_quota), share_of(waiting, static_cast<double>(now.tenants)), "33", screen)};
  int64_t shards = 0;
  for (const auto& node : now.nodes)
    shards += node.shards;
  for (const auto& node : now.nodes)
    out.push_back(node.is_up ? line(node.name, fmt::format("{} shards, {} runs", with_commas(node.shards), with_commas(node.open_runs)),
                                    share_of(static_cast<double>(node.shards), static_cast<double>(shards)), "35", screen)
                             : line(node.name + " " + node.fate, node.tenants_waiting, node.share_waiting, "31", screen));
  return out;
}

std::string node_words(const std::vector<node_line>& nodes) {
  std::string out;
  for (const auto& node : nodes) {
    out += (out.empty() ? "shards " : ", ") + node.name + " " + (node.is_up ? with_commas(node.shards) : node.fate);
    out += node.tenants_waiting.empty() ? "" : " (" + node.tenants_waiting + ")";
  }
  return out;
}

std::string render_line(const progress& now) {
  auto nodes = node_words(now.nodes);
  return fmt::format("{}: {} of {} tenants done, {} records, {} calls/s, {} waiting for quota{}{}", now.title, now.tenants_done,
                     now.tenants, with_commas(now.records), std::llround(now.calls_per_second), now.waiting_for_quota,
                     nodes.empty() ? "" : "; ", nodes);
}

} // namespace lode::demo

#include <boost/json.hpp>

#include <algorithm>

#include "runtime/cli/terminal/figures.hpp"
#include "runtime/cli/terminal/sparkline.hpp"
#include "runtime/cli/terminal/text.hpp"
#include "runtime/cli/terminal/top_parts.hpp"

namespace lode {

namespace {

namespace json = boost::json;

std::string figure(const json::object& now, std::string_view name, std::string (*shown)(double)) {
  auto value = number_in(now, name);
  return value ? shown(*value) : "?";
}

std::string seconds_text(double seconds) {
  return span_text(std::chrono::seconds{static_cast<int64_t>(seconds)});
}

screen_line first_line(const json::object& overview, const top_state& state) {
  screen_line line{"lode top", tone::strong};
  line.add("  " + printable(state.address));
  if (state.silence) {
    const auto& silence = *state.silence;
    return line.add("  ").add(silence.status == 0 ? "NO ANSWER" : "ANSWER " + std::to_string(silence.status), tone::critical)
      .add(" since " + clock_text(silence.since) + " (" + span_text(silence.lasts) + "): " + printable(silence.reason));
  }
  auto store = text_in(overview, "store");
  line.add("  " + text_in(overview, "as_of"));
  return store == "ok" ? line.add("  store ok") : line.add("  ").add("STORE: " + store, tone::critical);
}

screen_line nodes_line(const json::object& overview, const top_state& state) {
  const auto& nodes = array_in(overview, "nodes");
  std::string silent;
  size_t heard = nodes.size();
  for (const auto& item : nodes)
    if (const auto& node = item.as_object(); node.contains("is_silent") && node.at("is_silent") == json::value(true)) {
      silent += (silent.empty() ? "" : ", ") + text_in(node, "name");
      --heard;
    }
  screen_line line;
  if (state.silence)
    line.add("as of " + clock_text(text_in(overview, "as_of")) + "  ", tone::warning);
  line.add("nodes " + std::to_string(heard) + " of " + std::to_string(nodes.size()));
  if (!silent.empty())
    line.add(" (").add("silent: " + silent, tone::critical).add(")");
  if (auto lost = number_in(overview, "shards_without_node").value_or(0); lost > 0)
    line.add("  ").add("shards without a node " + count_text(lost), tone::critical);
  const auto& now = object_in(overview, "now");
  line.add("  queue " + figure(now, "queue", count_text) + "  memory " + figure(now, "memory", bytes_text) + "  tenants");
  const auto& tenants = object_in(overview, "tenants");
  std::string separator = " ";
  for (const auto* state : {"active", "paused", "suspended", "deleting"})
    if (auto count = number_in(tenants, state).value_or(0); count > 0) {
      line.add(separator + count_text(count) + " " + state);
      separator = ", ";
    }
  return line;
}

screen_line work_line(const json::object& overview) {
  const auto& now = object_in(overview, "now");
  return screen_line{"records/s " + figure(now, "records", count_text) + "  calls/s " + figure(now, "calls", count_text) + "  errors/min "
                     + figure(now, "errors", count_text) + "  changed " + figure(now, "changed_share", share_text) + "  late "
                     + figure(now, "lateness", seconds_text) + " (95 %)"};
}

struct plot {
  const char* series;
  const char* label; ///< all of one width
  std::string (*shown)(double);
};

screen_line plot_line(size_t width, const json::object& history, const plot& what, bool has_utf8) {
  constexpr size_t most_bars = 60;
  const auto bars = std::min(most_bars, width > 32 ? width - 32 : 0);
  screen_line line{what.label};
  const auto line_of = make_sparkline(array_in(object_in(history, "series"), what.series), bars, has_utf8);
  if (!line_of.is_known)
    return line.add("not yet measured", tone::faint);
  return line.add(line_of.bars).add("  1 h, up to " + what.shown(line_of.most));
}

} // namespace

std::vector<screen_line> top_header(screen_size size, const top_documents& documents, const top_state& state) {
  std::vector<screen_line> lines{first_line(documents.overview, state), nodes_line(documents.overview, state), work_line(documents.overview)};
  lines.push_back(plot_line(size.width, documents.history, {"records", "records/s   ", count_text}, state.has_utf8));
  if (size.height == 0 || size.height >= 30) {
    lines.push_back(plot_line(size.width, documents.history, {"errors", "errors/min  ", count_text}, state.has_utf8));
    lines.push_back(plot_line(size.width, documents.history, {"lateness", "late (95 %) ", seconds_text}, state.has_utf8));
  }
  return lines;
}

} // namespace lode

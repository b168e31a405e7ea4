#include <boost/json.hpp>

#include <algorithm>
#include <array>

#include "runtime/cli/terminal/figures.hpp"
#include "runtime/cli/terminal/text.hpp"
#include "runtime/cli/terminal/top_parts.hpp"

namespace lode {

namespace {

namespace json = boost::json;

enum column : size_t { tenant, connection, reason, since, late, rate, node, detail, column_count };
using cells = std::array<std::string, column_count>;

const cells headings{"TENANT", "CONNECTION", "WAITS FOR", "SINCE", "LATE", "REC/S", "NODE", "DETAIL"};

cells cells_of(const json::object& row, const std::string& as_of) {
  cells out;
  out[tenant] = text_in(row, "name");
  out[connection] = text_in(row, "connection");
  out[reason] = text_in(row, "waits_for");
  if (out[reason] == "none")
    out[reason] = "-";
  if (auto span = span_between(text_in(row, "waits_since"), as_of); span && out[reason] != "-")
    out[since] = span_text(*span);
  if (auto seconds = number_in(row, "lateness_seconds"); seconds && *seconds > 0)
    out[late] = span_text(std::chrono::seconds{static_cast<int64_t>(*seconds)});
  out[rate] = count_text(number_in(row, "records_per_second").value_or(0));
  out[node] = text_in(row, "node");
  out[detail] = text_in(row, "detail");
  return out;
}

/// As wide as what stands in it, but names leave room for the details.
std::array<size_t, column_count> widths_of(size_t width, const std::vector<cells>& rows) {
  std::array<size_t, column_count> out{};
  for (const auto& row : rows)
    for (size_t c = 0; c < column_count; ++c)
      out[c] = std::max(out[c], columns_of(row[c]));
  out[tenant] = std::min(out[tenant], std::max<size_t>(10, width / 4));
  out[connection] = std::min(out[connection], std::max<size_t>(10, width / 6));
  out[node] = width < 100 ? 0 : std::min<size_t>(out[node], 12);
  return out;
}

tone tone_of(const std::string& reason) {
  if (reason == "suspended" || reason == "moving")
    return tone::critical;
  return reason == "api_slow" || reason == "backing_off" || reason == "not_heard" || reason == "store_slow" ? tone::warning : tone::plain;
}

screen_line line_of(const cells& row, const std::array<size_t, column_count>& widths, tone all) {
  screen_line line;
  for (size_t c = 0; c < column_count; ++c) {
    if (widths[c] == 0)
      continue;
    const bool is_right = c >= since && c <= rate;
    auto text = is_right ? padded_left(row[c], widths[c]) : padded(row[c], widths[c]);
    line.add(c ? "  " : "").add(std::move(text), all != tone::plain ? all : c == reason ? tone_of(row[reason]) : tone::plain);
  }
  return line;
}

screen_line heading_of(const top_documents& documents, size_t first, size_t shown) {
  screen_line line{"CONNECTIONS", tone::strong};
  line.add(std::string{"  by "} + (documents.order == connection_order::rate ? "records/s" : name_of(documents.order)));
  if (shown == 0)
    return line.add(", none");
  line.add(", " + count_text(static_cast<double>(first + 1)) + " to " + count_text(static_cast<double>(first + shown)));
  if (documents.total)
    return line.add(" of " + count_text(*documents.total));
  return documents.are_all ? line : line.add(" of many");
}

} // namespace

std::vector<screen_line> top_connections(size_t width, const top_documents& documents, const top_state& state, size_t limit) {
  const auto count = documents.connections.size();
  const auto first = std::min(state.first, count > 0 ? count - 1 : 0);
  const auto shown = std::min(limit, count - first);
  std::vector<cells> rows{headings};
  for (size_t i = first; i < first + shown; ++i)
    rows.push_back(cells_of(documents.connections[i].as_object(), text_in(documents.overview, "as_of")));
  const auto widths = widths_of(width, rows);
  std::vector<screen_line> lines{heading_of(documents, first, shown)};
  for (size_t i = 0; i < rows.size() && shown > 0; ++i)
    lines.push_back(line_of(rows[i], widths, i == 0 ? tone::faint : tone::plain));
  return lines;
}

} // namespace lode

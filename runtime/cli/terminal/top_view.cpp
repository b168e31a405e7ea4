#include "runtime/cli/terminal/top_view.hpp"

#include <algorithm>

#include "runtime/cli/terminal/figures.hpp"
#include "runtime/cli/terminal/top_parts.hpp"

namespace lode {

const char* name_of(connection_order order) {
  switch (order) {
    case connection_order::lateness: return "lateness";
    case connection_order::name: return "name";
    case connection_order::rate: return "rate";
    case connection_order::worst: break;
  }
  return "worst";
}

namespace {

constexpr size_t no_limit = SIZE_MAX;
constexpr size_t lines_besides = 6; ///< two blank ones, three of headings, the foot

size_t header_lines(screen_size size) {
  return size.height == 0 || size.height >= 30 ? 6 : 4;
}

/// How many problems and connections a screen has room for: problems get half of it at most, and what connections leave.
struct room {
  size_t problems = no_limit;
  size_t connections = no_limit;
};
room room_of(screen_size size, const top_documents& documents) {
  if (size.height == 0)
    return {};
  const auto taken = header_lines(size) + lines_besides;
  const auto left = size.height > taken ? size.height - taken : 0;
  const auto wanted = array_in(documents.overview, "problems").size() * 2;
  const auto spare = left - std::min(left, documents.connections.size());
  const auto problems = std::min(wanted, std::max(left / 2, spare)) / 2;
  return {problems, left - problems * 2};
}

screen_line foot(const top_state& state) {
  return state.has_keys ? screen_line{"q quit  w worst  l lateness  n name  r records/s  up/down scroll", tone::faint} : screen_line{};
}

void append(std::vector<screen_line>& lines, const std::vector<screen_line>& more) {
  lines.insert(lines.end(), more.begin(), more.end());
}

} // namespace

std::vector<screen_line> top_view(screen_size size, const top_documents& documents, const top_state& state) {
  const auto rooms = room_of(size, documents);
  auto lines = top_header(size, documents, state);
  lines.emplace_back();
  append(lines, top_problems(documents, rooms.problems));
  lines.emplace_back();
  append(lines, top_connections(size.width, documents, state, rooms.connections));
  if (size.height > 0)
    lines.resize(size.height - (state.has_keys ? 1 : 0));
  if (state.has_keys)
    lines.push_back(foot(state));
  for (auto& line : lines)
    line = line.within(size.width);
  return lines;
}

size_t connections_on_show(screen_size size, const top_documents& documents) {
  return std::min(room_of(size, documents).connections, documents.connections.size());
}

} // namespace lode

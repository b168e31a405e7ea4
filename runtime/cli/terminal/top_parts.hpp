#pragma once

#include "runtime/cli/terminal/top_view.hpp"

/// The parts of the screen of `lode top`; top_view puts them together and cuts them.
namespace lode {

/// Which node, when, its store; the figures of the cluster; the last hour.
std::vector<screen_line> top_header(screen_size size, const top_documents& documents, const top_state& state);

/// A heading, and two lines for each problem: what it is, and what helps. At most `limit` problems.
std::vector<screen_line> top_problems(const top_documents& documents, size_t limit);

/// Headings, and a line for each connection from `state.first` on. At most `limit` connections.
std::vector<screen_line> top_connections(size_t width, const top_documents& documents, const top_state& state, size_t limit);

} // namespace lode

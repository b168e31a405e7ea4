#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lode::demo {

/// A node at this moment.
struct node_line {
  std::string name;
  bool is_up = true;
  int64_t shards = 0;
  int64_t open_runs = 0;
  std::string fate = {};           ///< of one that is down: what happened to it, in some words
  std::string tenants_waiting = {}; ///< of its tenants, while they wait for another node
  double share_waiting = 0;
};

/// One moment of a pass.
struct progress {
  std::string title = {};
  int64_t tenants_done = 0;
  int64_t tenants = 0;
  int64_t records = 0;
  int64_t records_expected = 0; ///< 0 = nobody knows
  double calls_per_second = 0;
  double most_calls_per_second = 0; ///< length of the whole bar
  int64_t waiting_for_quota = 0;
  std::vector<node_line> nodes = {};
};

/// What the terminal can do.
struct screen {
  size_t width = 80;
  bool has_colours = false;
  bool has_utf8 = false;
};

/// Lines of at most width - 1 columns: title, then a bar each; a node's is its part of the shards.
std::vector<std::string> render_bars(const progress& now, const screen& screen);

/// The same as one line for logs and pipes.
std::string render_line(const progress& now);

/// The nodes with their shards, in some words.
std::string node_words(const std::vector<node_line>& nodes);

/// Seconds as m:ss.
std::string clock_text(double seconds);

/// The first `columns` columns of a UTF-8 text without escape sequences.
std::string clip(const std::string& text, size_t columns);

} // namespace lode::demo

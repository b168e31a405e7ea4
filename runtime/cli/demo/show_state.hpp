#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lode::demo {

/// Where a show stands. The order is that of the show.
enum class show_phase : uint8_t { first_pass, second_pass, audit, finished };

/// All that a show keeps of itself, so that a killed one goes on where it was. What was mined stands in its database.
struct show_state {
  // Chosen once.
  uint64_t seed = 0;
  uint32_t tenants = 500;
  uint32_t percent = 100;
  std::string first_day, last_day; ///< of the simulated records
  // Where it stands.
  show_phase phase = show_phase::first_pass;
  bool is_mutated = false;         ///< the edits between the passes are made
  int64_t last_run_of_first_pass = 0;
  int64_t records = 0, inserted = 0, changed = 0, unchanged = 0, deleted = 0; ///< of the first pass, once it is over
  uint16_t api_port = 0;           ///< of the simulated APIs when the tenants were imported; 0 = not yet imported
  // What it has seen.
  int64_t kills = 0;
  bool is_recovered = false;       ///< the kill is measured
  double recovery_seconds = 0;
  std::string lost_node;           ///< killed for good; "" = none yet
  bool is_taken_over = false;      ///< its tenants went on elsewhere, and that is measured
  double takeover_seconds = 0;
  int64_t refetched_by_recovery = 0, refetched_by_takeover = 0; ///< pages
  int64_t api_calls = 0;
  double seconds = 0;              ///< spent mining
  double cpu_seconds = 0;          ///< of all nodes
  uint64_t peak_rss_bytes = 0;
  int64_t resumed = 0;             ///< how often the show itself was killed
};

std::string to_json(const show_state& state);
/// Nothing when the text is not whole or from another version of the program.
std::optional<show_state> parse_state(const std::string& text);

} // namespace lode::demo

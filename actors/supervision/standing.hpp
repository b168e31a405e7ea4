#pragma once

#include <optional>
#include <string>

#include "actors/supervision/activity_board.hpp"
#include "runtime/storage/standing_store.hpp"

namespace lode {

/// What counts beside a connection's own work.
struct standing_inputs {
  instant now{};
  bool is_store_out = false;
  std::string store_says{}; ///< why it is out
};

/// Shorter waits are part of getting on.
inline constexpr std::chrono::seconds longest_short_wait{2};
/// So long a page may take to commit.
inline constexpr std::chrono::seconds slow_commit{5};
/// So long a socket may take to come back.
inline constexpr std::chrono::seconds slow_listening{5};

/// What the connection waits for: nothing as long as one of its miners gets on, else the gravest of what they wait for. Nothing at
/// all: none of its runs is open, and where it listens it hears. Rate and last commit are for the caller to know.
std::optional<told_standing> judge_standing(const connection_work& work, const standing_inputs& inputs);

} // namespace lode

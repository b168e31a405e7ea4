#pragma once

#include <string>

#include "runtime/storage/inspection_store.hpp"

namespace lode {

/// What a connection waits for, for people.
struct why_words {
  std::string text; ///< what it is, and since when
  std::string help; ///< what would help; "": nothing has to be done
};

/// `now` is for what is told of spans of time.
why_words why_of(const standing_row& standing, instant now);

/// "3 h 12 min", "45 s"; of two units at most.
std::string span_words(std::chrono::microseconds span);

/// How long what is due has waited; zero when nothing is, or when it is paused or suspended: then nothing is scheduled.
std::chrono::seconds lateness_of(const standing_row& standing, instant now);

} // namespace lode

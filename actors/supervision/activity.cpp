#include "actors/supervision/activity.hpp"

#include <array>
#include <ctime>

namespace lode {

namespace {

std::string_view words_of(doing step) {
  constexpr std::array<std::string_view, 18> words{
    "waits",           "starts",        "asks for a permit",      "waits for quota",         "waits for memory",
    "waits for token", "waits to know that its work is still its own", "waits for the API", "waits for its turn in the quarantine",
    "is parsed",       "waits for its commit", "waits for the next try", "reads its place from the store", "looks for what is gone",
    "refreshes a token", "opens",       "listens",                "ends"};
  return words[static_cast<size_t>(step)];
}

std::string clock_text(instant at) {
  const auto seconds = static_cast<std::time_t>(std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count());
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%H:%M:%SZ", &parts)};
}

} // namespace

std::string_view name_of(worker who) {
  constexpr std::array<std::string_view, workers> names{"tenant-supervisor", "run",     "credential-keeper",  "miner",     "sweeper",
                                                        "capture",           "websocket-listener", "webhook-listener", "rechecker",
                                                        "listener"};
  return names[static_cast<size_t>(who)];
}

std::string name_of(const work_line& x) {
  return std::string{name_of(x.who)} + (x.kind.empty() ? "" : "." + x.kind);
}

std::string actor_name_of(const work_line& x) {
  return x.who == worker::run ? std::string{} : "lode." + name_of(x);
}

uint32_t depth_of(worker who) {
  return who == worker::tenant_supervisor ? 0 : who > worker::capture ? 2 : 1;
}

std::string words_of(const work_line& x) {
  std::string out{words_of(x.step)};
  if (x.until && x.step != doing::fetching)
    out += " until " + clock_text(*x.until);
  if (!x.detail.empty())
    out += ": " + x.detail;
  else if (!x.trouble_text.empty())
    out += "; " + std::to_string(x.attempts) + " tries have failed: " + x.trouble_text;
  return out;
}

actor_activity told(const work_line& x) {
  return {depth_of(x.who), name_of(x), x.what, words_of(x), x.since, x.restarts};
}

} // namespace lode

#include "runtime/redis/shared_positions.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace lode {

namespace {

/// Compared as texts of numbers without sign: Lua's numbers are exact up to 2^53 only.
constexpr std::string_view raise_script = R"(
local now = redis.call('HMGET', KEYS[1], 'positions')[1]
if not now or #now < #ARGV[1] or #now == #ARGV[1] and now < ARGV[1] then
  redis.call('HSET', KEYS[1], 'positions', ARGV[1])
end
return 1
)";

} // namespace

shared_positions::shared_positions(redis_settings settings, int64_t generation)
  : link_(std::move(settings)), key_(fmt::format("lode:{:x}:feed", static_cast<uint64_t>(generation))) {}

std::optional<int64_t> shared_positions::read() {
  const std::array commands{redis_command{"HMGET", key_, "positions"}};
  auto replies = link_.call(commands);
  if (!replies || replies->front().items.size() != 1 || !replies->front().items[0].is_text())
    return std::nullopt;
  const auto& text = replies->front().items[0].text;
  int64_t out = 0;
  auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
  return wrong == std::errc{} && end == text.data() + text.size() ? std::optional{out} : std::nullopt;
}

void shared_positions::raise(int64_t positions) {
  const auto text = std::to_string(positions);
  const std::array commands{redis_command{"EVAL", raise_script, "1", key_, text}};
  std::ignore = link_.call(commands); // it is raised again soon
}

} // namespace lode

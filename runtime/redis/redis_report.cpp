#include "runtime/redis/redis_report.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace lode {

namespace {

/// What the scripts of shared_facts and shared_turns call.
constexpr std::string_view all_rights = R"(
redis.call('TIME')
redis.call('HSET', KEYS[1], 'f', ARGV[1])
redis.call('HGET', KEYS[1], 'f')
redis.call('HDEL', KEYS[1], 'g')
return redis.call('PEXPIRE', KEYS[1], 60000)
)";

/// The rest of the line that begins with `name:`.
std::string value_in(const std::string& info, const std::string& name) {
  auto begin = ("\n" + info).find("\n" + name + ":");
  if (begin == std::string::npos)
    return "";
  begin += name.size() + 1;
  return info.substr(begin, info.find_first_of("\r\n", begin) - begin);
}

void read_info(const std::string& info, redis_report& out) {
  out.version = value_in(info, "redis_version");
  out.policy = value_in(info, "maxmemory_policy");
  const auto memory = value_in(info, "maxmemory");
  std::from_chars(memory.data(), memory.data() + memory.size(), out.memory);
}

} // namespace

caf::expected<redis_report> inspect_redis(const redis_settings& settings) {
  redis_connection link{settings};
  const auto key = fmt::format("lode:doctor:{:x}", randombytes_random());
  const std::array needed{redis_command{"EVAL", all_rights, "1", key, "1"},
                          redis_command{"HMGET", key, "f"}, redis_command{"HGETALL", key}, redis_command{"UNLINK", key},
                          redis_command{"INFO"}};
  auto replies = link.call(needed);
  if (!replies)
    return replies.error();
  redis_report out;
  for (size_t i = 0; i + 1 < replies->size() && out.refused.empty(); ++i)
    if (const auto& reply = (*replies)[i]; reply.is_error())
      out.refused = std::string{needed[i][0]} + ": " + reply.text;
  if (replies->back().is_text())
    read_info(replies->back().text, out);
  std::array<std::chrono::steady_clock::duration, 5> spans{};
  for (auto& span : spans) {
    auto begin = std::chrono::steady_clock::now();
    if (auto answer = link.call(std::span{&needed[1], 1}); !answer)
      return answer.error();
    span = std::chrono::steady_clock::now() - begin;
  }
  std::ranges::sort(spans);
  out.round_trip = std::chrono::duration_cast<std::chrono::microseconds>(spans[spans.size() / 2]);
  return out;
}

} // namespace lode

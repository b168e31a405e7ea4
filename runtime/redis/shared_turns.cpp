#include "runtime/redis/shared_turns.hpp"

#include <fmt/format.h>

#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::steady_clock;

/// Half of what the shortest turns can be used for.
constexpr std::chrono::milliseconds most_uncertainty{20};
/// A reading is replaced by a later good one after so long, and is of no use after `reading_ends`: clocks drift.
constexpr std::chrono::seconds reading_holds{10};
constexpr std::chrono::seconds reading_ends{30};
constexpr std::string_view keys_live = "604800000"; // a week

/// KEYS: last, nodes, pauses, owed. ARGV: node, step, nodes that may be sending, not after, lookahead, presence, life of keys in
/// milliseconds, number of budgets, then for each: name, requests, span, turns wanted, other timetables that it may have had;
/// then name and length of pauses. Times are microseconds.
///
/// `owed`: turns of a budget to give up before the next one, one for each timetable of a node that ended meanwhile (turn_rule).
/// `nodes` keeps when each was heard of and how many nodes it reckons with; where the most of those falls, some are gone.
constexpr std::string_view lease_script = R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local last, nodes, pauses, owed = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local live, lookahead, presence = tonumber(ARGV[3]), tonumber(ARGV[5]), tonumber(ARGV[6])
if now > tonumber(ARGV[4]) then return {now} end
local present, before = 1, 0
local seen = redis.call('HGETALL', nodes)
redis.call('HSET', nodes, ARGV[1], string.format('%.0f %d', now, live))
for i = 1, #seen, 2 do
  local at, reckons = string.match(seen[i + 1], '^(%d+) ?(%d*)$')
  at, reckons = tonumber(at) or 0, tonumber(reckons) or 0
  before = math.max(before, reckons)
  if seen[i] ~= ARGV[1] then
    if at + presence < now or at > now then
      redis.call('HDEL', nodes, seen[i])
    else
      present, live = present + 1, math.max(live, reckons)
    end
  end
end
local ended = math.max(0, before - live)
if ARGV[2] == 'join' then ended = ended + 1 end
if ended > 0 then
  local all = redis.call('HGETALL', last)
  for i = 1, #all, 2 do
    if tonumber(all[i + 1]) < now + lookahead then redis.call('HSET', last, all[i], now + lookahead) end
    redis.call('HSET', owed, all[i], (tonumber(redis.call('HGET', owed, all[i])) or 0) + ended)
  end
end
-- An idle budget begins now, not a grace ago: such a turn would be stale when its node hears of it.
local at, slices = 9, {}
for i = 1, tonumber(ARGV[8]) do
  local name, requests, span = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local given, owes = tonumber(redis.call('HGET', last, name)), tonumber(redis.call('HGET', owed, name)) or 0
  if not given then owes = tonumber(ARGV[at + 4]) end
  if not given or given > now + lookahead then given = now + lookahead end
  local share = math.floor(requests * math.min(present, live) / live)
  local count, first, spacing = 0, 0, 0
  if share > 0 then
    spacing = math.ceil(span / share)
    first = math.max(given + (1 + math.min(owes, share - 1)) * spacing, now)
    count = math.max(0, math.min(tonumber(ARGV[at + 3]), math.floor((now + lookahead - first) / spacing) + 1))
  end
  if count > 0 then given, owes = first + (count - 1) * spacing, 0 end
  redis.call('HSET', last, name, given)
  redis.call('HSET', owed, name, owes)
  slices[i] = {count, first - now, spacing}
  at = at + 5
end
for i = at, #ARGV, 2 do
  local stands = tonumber(redis.call('HGET', pauses, ARGV[i])) or 0
  redis.call('HSET', pauses, ARGV[i], math.max(stands, now + ARGV[i + 1]))
end
local paused = redis.call('HGETALL', pauses)
local holds = {}
for i = 1, #paused, 2 do
  local left = paused[i + 1] - now
  if left > 0 then
    holds[#holds + 1] = paused[i]
    holds[#holds + 1] = left
  else
    redis.call('HDEL', pauses, paused[i])
  end
end
for i = 1, #KEYS do redis.call('PEXPIRE', KEYS[i], ARGV[7]) end
return {now, slices, holds}
)";

std::string micros(std::chrono::nanoseconds span) {
  return std::to_string(duration_cast<microseconds>(span).count());
}

} // namespace

shared_turns::shared_turns(redis_settings settings, int64_t generation, std::string node)
  : link_(std::move(settings)),
    prefix_(fmt::format("lode:{:x}:turns:", static_cast<uint64_t>(generation))),
    node_(std::move(node)) {}

caf::expected<turns_leased> shared_turns::lease(const lease_turns& order) {
  if (!clock_ || order.step == lease_step::look)
    if (auto error = read_clock())
      return error;
  if (order.step == lease_step::look)
    return turns_leased{};
  const auto words = words_of(order);
  redis_command command{"EVAL", lease_script, "4"};
  command.insert(command.end(), words.begin(), words.end());
  time_point sent;
  auto reply = call(command, sent);
  if (!reply)
    return reply.error();
  const auto& items = reply->items;
  if (items.empty())
    return store_error(errc::unreachable, "Redis answered an order for turns with something else");
  if (auto error = learn({sent, steady_clock::now(), microseconds{items[0].number}}))
    return error;
  if (items.size() < 3 || items[1].items.size() != order.wanted.size())
    return store_error(errc::unreachable, "Redis came to an order for turns too late");
  return read(order, *reply);
}

caf::expected<redis_reply> shared_turns::call(const redis_command& command, time_point& sent) {
  sent = steady_clock::now();
  auto replies = link_.call(std::span{&command, 1});
  if (replies && !replies->front().is_error())
    return std::move(replies->front());
  clock_.reset();
  return replies ? store_error(errc::unreachable, "Redis: " + replies->front().text) : replies.error();
}

/// The first word on a connection: it changes nothing, and without the time no order could be given that ends.
caf::error shared_turns::read_clock() {
  time_point sent;
  auto reply = call({"TIME"}, sent);
  if (!reply)
    return reply.error();
  if (reply->items.size() != 2)
    return store_error(errc::unreachable, "Redis did not tell the time");
  auto part = [&](size_t i) { return std::strtoll(reply->items[i].text.c_str(), nullptr, 10); };
  return learn({sent, steady_clock::now(), std::chrono::seconds{part(0)} + microseconds{part(1)}});
}

caf::error shared_turns::learn(const clock_reading& reading) {
  const auto is_good = reading.uncertainty() <= most_uncertainty;
  if (!clock_ || reading.uncertainty() <= clock_->uncertainty()
      || (is_good && reading.received - clock_->received > reading_holds))
    clock_ = reading;
  if (clock_->uncertainty() <= most_uncertainty && reading.received - clock_->received < reading_ends)
    return {};
  clock_.reset();
  return store_error(errc::unreachable, "Redis takes longer than 20 ms to answer: turns would be stale");
}

std::vector<std::string> shared_turns::words_of(const lease_turns& order) const {
  auto not_after = clock_->then + duration_cast<microseconds>(order.not_after - clock_->received);
  std::vector<std::string> out{prefix_ + "last",
                               prefix_ + "nodes",
                               prefix_ + "pauses",
                               prefix_ + "owed",
                               node_,
                               order.step == lease_step::join ? "join" : "go_on",
                               std::to_string(order.nodes),
                               std::to_string(not_after.count()),
                               micros(turn_lease::lookahead),
                               micros(turn_lease::presence),
                               std::string{keys_live},
                               std::to_string(order.wanted.size())};
  for (const auto& wanted : order.wanted)
    out.insert(out.end(), {wanted.budget, std::to_string(wanted.requests), micros(wanted.span), std::to_string(wanted.count),
                           std::to_string(wanted.others)});
  for (const auto& pause : order.pauses)
    out.insert(out.end(), {pause.budget, micros(pause.until - steady_clock::now())});
  return out;
}

turns_leased shared_turns::read(const lease_turns& order, const redis_reply& reply) const {
  // What Redis' clock says becomes ours as the latest time that it can be, so that no turn is used too early.
  const auto now = clock_->received + (microseconds{reply.items[0].number} - clock_->then);
  auto ours = [now](int64_t from_now) { return now + microseconds{from_now}; };
  turns_leased out;
  for (size_t i = 0; i < order.wanted.size(); ++i) {
    const auto& slice = reply.items[1].items[i].items;
    out.slices.push_back({order.wanted[i].budget, static_cast<uint32_t>(slice.at(0).number), ours(slice.at(1).number),
                          microseconds{slice.at(2).number}, order.wanted[i].grace - clock_->uncertainty()});
  }
  const auto& holds = reply.items[2].items;
  for (size_t i = 0; i + 1 < holds.size(); i += 2)
    out.pauses.push_back({holds[i].text, ours(holds[i + 1].number)});
  return out;
}

} // namespace lode

#include "runtime/redis/shared_facts.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "messages/error.hpp"

namespace lode {

namespace {

constexpr uint32_t first_bits = 6;
constexpr uint32_t most_bits = 20;
/// Key spaces that are remembered; beyond, all are asked for again.
constexpr size_t most_spaces = 50'000;

/// KEYS[1]: the stream. ARGV: the tag that must stand, the tag that then stands, the name of a key space to begin if need be,
/// then keys and facts in turn. One step for Redis, so nobody sees the facts without the tag or the tag without the facts.
constexpr std::string_view tell_script = R"(
local stream, previous, tag = KEYS[1], ARGV[1], ARGV[2]
local now = redis.call('HMGET', stream, 'tag', 'space', 'bits', 'count')
local space, bits, count = now[2], tonumber(now[3]), tonumber(now[4])
local news = (#ARGV - 3) / 2
local is_full = count and bits < 20 and count + news > 100 * 2 ^ bits
if now[1] ~= previous or not space or is_full then
  if space then
    for first = 0, 2 ^ bits - 1, 1000 do
      local old = {}
      for bucket = first, math.min(first + 999, 2 ^ bits - 1) do old[#old + 1] = stream .. ':' .. space .. ':' .. bucket end
      redis.call('UNLINK', unpack(old))
    end
  end
  bits = is_full and math.min(bits + 3, 20) or bits or 6
  space, count = ARGV[3], 0
end
local buckets = {}
for i = 4, #ARGV, 2 do
  local a, b, c = string.byte(ARGV[i], 1, 3)
  local bucket = math.floor((a * 65536 + b * 256 + c) / 2 ^ (24 - bits))
  local pairs_of = buckets[bucket]
  if not pairs_of then pairs_of = {} buckets[bucket] = pairs_of end
  pairs_of[#pairs_of + 1] = ARGV[i]
  pairs_of[#pairs_of + 1] = ARGV[i + 1]
end
for bucket, pairs_of in pairs(buckets) do
  local key = stream .. ':' .. space .. ':' .. bucket
  for first = 1, #pairs_of, 4000 do
    count = count + redis.call('HSET', key, unpack(pairs_of, first, math.min(first + 3999, #pairs_of)))
  end
end
redis.call('HSET', stream, 'tag', tag, 'space', space, 'bits', bits, 'count', count)
return {space, bits}
)";

using bytes_of_number = std::array<char, 8>;

/// Highest byte first, as the script reads it.
bytes_of_number bytes_of(uint64_t number) {
  bytes_of_number out;
  for (size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(number >> (56 - 8 * i));
  return out;
}

uint64_t number_of(std::string_view bytes) {
  uint64_t out = 0;
  for (auto byte : bytes)
    out = out << 8 | static_cast<unsigned char>(byte);
  return out;
}

std::string_view view(const bytes_of_number& bytes) {
  return {bytes.data(), bytes.size()};
}

uint64_t bucket_of(uint64_t key, uint32_t bits) {
  return key >> (64 - bits);
}

std::string random_name() {
  std::array<unsigned char, 6> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

std::vector<fact_print> prints_in(const redis_reply& reply) {
  std::vector<fact_print> out;
  for (size_t i = 0; i + 1 < reply.items.size(); i += 2)
    if (reply.items[i].text.size() == 8 && reply.items[i + 1].text.size() == 8)
      out.push_back({number_of(reply.items[i].text), number_of(reply.items[i + 1].text)});
  return out;
}

} // namespace

shared_facts::shared_facts(redis_settings settings, int64_t generation)
  : link_(std::move(settings)),
    prefix_(fmt::format("lode:{:x}:", static_cast<uint64_t>(generation))) {}

std::string shared_facts::key_of(stream_id stream) const {
  return prefix_ + std::to_string(stream.value);
}

std::vector<redis_reply> shared_facts::call(std::span<const redis_command> commands) {
  trouble_.clear();
  ++use_.calls;
  auto replies = link_.call(commands);
  if (!replies) {
    ++use_.failures;
    trouble_ = message_of(replies.error());
    return {};
  }
  for (const auto& reply : *replies)
    if (reply.is_error())
      trouble_ = "Redis: " + reply.text;
  return std::move(*replies);
}

void shared_facts::begin(stream_id stream) {
  spaces_.erase(stream);
}

void shared_facts::find_spaces(std::span<const question> questions) {
  if (spaces_.size() > most_spaces)
    spaces_.clear();
  std::vector<stream_id> streams;
  for (const auto& each : questions)
    if (!spaces_.contains(each.stream))
      streams.push_back(each.stream);
  std::vector<std::string> keys;
  for (auto stream : streams)
    keys.push_back(key_of(stream));
  std::vector<redis_command> commands;
  for (const auto& key : keys)
    commands.push_back({"HMGET", key, "space", "bits"});
  if (commands.empty())
    return;
  auto replies = call(commands);
  for (size_t i = 0; i < replies.size(); ++i) {
    const auto& items = replies[i].items;
    uint32_t bits = 0;
    if (items.size() != 2 || !items[0].is_text())
      continue;
    std::from_chars(items[1].text.data(), items[1].text.data() + items[1].text.size(), bits);
    if (bits >= first_bits && bits <= most_bits)
      spaces_[streams[i]] = {items[0].text, bits, std::vector<bool>(size_t{1} << bits)};
  }
}

std::vector<std::string> shared_facts::keys_for(const question& asked) {
  auto found = spaces_.find(asked.stream);
  if (found == spaces_.end())
    return {};
  auto& space = found->second;
  const auto stream = key_of(asked.stream);
  std::vector<std::string> out;
  for (auto key : asked.keys) {
    auto bucket = bucket_of(key, space.bits);
    if (space.read[bucket])
      continue;
    space.read[bucket] = true;
    if (out.empty())
      out.push_back(stream);
    out.push_back(fmt::format("{}:{}:{}", stream, space.name, bucket));
  }
  return out;
}

/// `replies` to the commands for `keys_for(asked)`. No tell can come between the tag and a bucket: only this writer tells of
/// its streams, and another one's late word changes the tag or brings the same facts.
std::vector<fact_print> shared_facts::believed(const question& asked, std::span<const redis_reply> replies) {
  std::vector<fact_print> out;
  if (replies.empty())
    return out;
  const auto& head = replies.front().items;
  if (head.size() != 2 || head[0].text != std::to_string(asked.tag) || head[1].text != spaces_[asked.stream].name) {
    spaces_.erase(asked.stream);
    return out;
  }
  for (const auto& bucket : replies.subspan(1))
    for (const auto& print : prints_in(bucket))
      out.push_back(print);
  return out;
}

std::vector<std::vector<fact_print>> shared_facts::look_up(std::span<const question> questions) {
  find_spaces(questions);
  std::vector<std::vector<std::string>> keys;
  std::vector<redis_command> commands;
  for (const auto& asked : questions) {
    const auto& of_question = keys.emplace_back(keys_for(asked));
    for (const auto& key : of_question)
      commands.push_back(&key == &of_question.front() ? redis_command{"HMGET", key, "tag", "space"}
                                                      : redis_command{"HGETALL", key});
  }
  std::vector<std::vector<fact_print>> out(questions.size());
  const auto replies = commands.empty() ? std::vector<redis_reply>{} : call(commands);
  if (replies.size() != commands.size())
    spaces_.clear();
  if (replies.size() != commands.size() || commands.empty()) {
    count(questions, out);
    return out;
  }
  auto rest = std::span{replies};
  for (size_t i = 0; i < questions.size(); ++i) {
    out[i] = believed(questions[i], rest.first(keys[i].size()));
    rest = rest.subspan(keys[i].size());
  }
  count(questions, out);
  return out;
}

void shared_facts::count(std::span<const question> questions, const std::vector<std::vector<fact_print>>& answers) {
  for (size_t i = 0; i < questions.size(); ++i) {
    auto keys = questions[i].keys;
    std::ranges::sort(keys);
    uint64_t hits = 0;
    for (const auto& print : answers[i])
      hits += std::ranges::binary_search(keys, print.key) ? 1 : 0;
    use_.hits += hits;
    use_.misses += keys.size() - std::min<uint64_t>(hits, keys.size());
  }
}

void shared_facts::tell(std::span<const news> news) {
  struct words {
    std::string stream, previous, tag, space;
    std::vector<bytes_of_number> numbers;
  };
  std::vector<words> texts;
  texts.reserve(news.size());
  for (const auto& each : news) {
    auto& text = texts.emplace_back(words{key_of(each.stream), std::to_string(each.previous_tag), std::to_string(each.tag),
                                          random_name(), {}});
    text.numbers.reserve(2 * each.prints.size());
    for (const auto& print : each.prints) {
      text.numbers.push_back(bytes_of(print.key));
      text.numbers.push_back(bytes_of(print.fact));
    }
  }
  std::vector<redis_command> commands;
  for (const auto& text : texts) {
    auto& command = commands.emplace_back(
      redis_command{"EVAL", tell_script, "1", text.stream, text.previous, text.tag, text.space});
    for (const auto& number : text.numbers)
      command.push_back(view(number));
  }
  if (!commands.empty())
    call(commands);
}

} // namespace lode

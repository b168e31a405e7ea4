#include "bench/posts/event_feed.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "bench/posts/frames.hpp"

namespace bench {

namespace {

/// Changes come to posts in an order that is not that of their keys.
constexpr uint64_t stride = 2'654'435'761;
/// Of one post, at most; so no order tells again what one before has told.
constexpr uint32_t versions_of_an_order = 1 << 16;

std::string milliseconds_text(uint32_t microseconds) {
  auto tenths = (microseconds + 50) / 100;
  return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10);
}

/// Values in any order. "null" where there are none.
std::string quantile_text(std::vector<uint32_t>& values, double share) {
  if (values.empty())
    return "null";
  auto at = std::min(values.size() - 1, static_cast<size_t>(share * static_cast<double>(values.size())));
  auto where = values.begin() + static_cast<ptrdiff_t>(at);
  std::nth_element(values.begin(), where, values.end());
  return milliseconds_text(*where);
}

} // namespace

void event_feed::begin(const send_order& order, int64_t now) {
  order_ = order;
  version_ += versions_of_an_order;
  share_ = order.events / accounts_.size();
  left_ = share_ * accounts_.size();
  sent_ = acknowledged_ = 0;
  began_ = now;
  first_sent_ = last_sent_ = last_acknowledged_ = 0;
  latencies_.clear();
  latencies_.reserve(left_);
  for (auto& account : accounts_)
    account.of_order = 0;
}

uint64_t event_feed::due(int64_t now) const {
  if (!is_paced() || left_ == 0)
    return 0;
  auto by_now = static_cast<uint64_t>(static_cast<double>(now - began_) * order_.per_second / 1e6);
  return std::min(left_, by_now > sent_ ? by_now - sent_ : 0);
}

int64_t event_feed::next_due() const {
  return began_ + static_cast<int64_t>(static_cast<double>(sent_ + 1) * 1e6 / order_.per_second);
}

uint64_t event_feed::left_of(uint32_t account) const {
  return is_paced() || left_ == 0 ? 0 : share_ - accounts_[account].of_order;
}

void event_feed::append(std::string& out, uint32_t account, int64_t since) {
  auto& state = accounts_[account];
  auto begin = begin_text(out);
  out.append(R"({"type":"event","id":")").append(account_of(account)).append("_").append(std::to_string(++state.events));
  out.append(R"(","stream":"posts","operation":"upsert","sent_at":)").append(std::to_string(since / 1000)).append(R"(,"record":)");
  append_record(out, state, account);
  out += '}';
  end_text(out, begin);
  state.open.push_back(since);
  ++state.of_order;
  --left_;
  last_sent_ = since;
  if (sent_++ == 0)
    first_sent_ = since;
}

void event_feed::append_record(std::string& out, account_state& state, uint32_t account) {
  if (!order_.is_change || state.posts == 0)
    return posts_.append(out, account, state.posts++);
  auto number = static_cast<uint32_t>(state.of_order * stride % state.posts);
  posts_.append(out, account, number, version_ + static_cast<uint32_t>(state.of_order / state.posts));
}

void event_feed::acknowledge(uint32_t account, uint64_t number, int64_t now) {
  auto& state = accounts_[account];
  while (state.acknowledged < std::min(number, state.events)) {
    // Those of an order before have no place among the latencies of this one.
    if (state.events - state.acknowledged <= state.of_order) {
      latencies_.push_back(static_cast<uint32_t>(std::clamp<int64_t>(now - state.open.front(), 0, UINT32_MAX)));
      ++acknowledged_;
      last_acknowledged_ = now;
    }
    state.open.pop_front();
    ++state.acknowledged;
  }
}

std::string event_feed::stats() {
  std::string out = "{";
  auto add = [&](std::string_view name, const std::string& value) {
    out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":").append(value);
  };
  add("sent", std::to_string(sent_));
  add("left", std::to_string(left_));
  add("acknowledged", std::to_string(acknowledged_));
  add("first_sent_us", std::to_string(first_sent_));
  add("last_sent_us", std::to_string(last_sent_));
  add("last_acknowledged_us", std::to_string(last_acknowledged_));
  add("latency_ms_p50", quantile_text(latencies_, 0.5));
  add("latency_ms_p99", quantile_text(latencies_, 0.99));
  add("latency_ms_max", quantile_text(latencies_, 1));
  return out + "}\n";
}

uint64_t acknowledged_number(std::string_view message) {
  auto end = message.rfind('"');
  auto begin = message.rfind('_');
  uint64_t number = 0;
  if (!message.starts_with(R"({"type":"ack")") || begin == message.npos || begin >= end)
    return 0;
  auto result = std::from_chars(message.data() + begin + 1, message.data() + end, number);
  return result.ec == std::errc{} && result.ptr == message.data() + end ? number : 0;
}

} // namespace bench

#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "bench/posts/post_text.hpp"

namespace bench {

/// What is to be sent: so many events, evenly over the accounts.
struct send_order {
  uint64_t events = 0;
  double per_second = 0;  ///< 0: as fast as the sockets take them
  bool is_change = false; ///< of posts that were sent before; else new posts
};

/// The events of all accounts: what they say, in which order, and how long until each was acknowledged. Without sockets; callers
/// pass the time in, in microseconds since the epoch. An event is a post as a page would show it.
class event_feed {
public:
  event_feed(uint64_t seed, uint32_t accounts) : posts_(seed, 0), accounts_(accounts) {}

  size_t accounts() const { return accounts_.size(); }

  /// Counts and latencies begin anew. The events are shared out evenly; what is left over is not sent.
  void begin(const send_order& order, int64_t now);
  void stop() { left_ = 0; }
  bool has_more() const { return left_ > 0; }

  /// How many events of a paced order are due by now and not sent. The next() of them is of which account, and when was it due?
  uint64_t due(int64_t now) const;
  bool is_paced() const { return order_.per_second > 0; }
  uint32_t next_account() const { return static_cast<uint32_t>(sent_ % accounts_.size()); }
  int64_t next_due() const;

  /// Of this account, by an order that is not paced.
  uint64_t left_of(uint32_t account) const;

  /// Appends the next event of the account as a WebSocket's text. Its latency counts from `since`.
  void append(std::string& out, uint32_t account, int64_t since);

  /// Everything of this account up to this event is committed.
  void acknowledge(uint32_t account, uint64_t number, int64_t now);

  /// As JSON.
  std::string stats();

private:
  struct account_state {
    uint64_t events = 0;       ///< ever; the number of the latest
    uint64_t of_order = 0;     ///< of the present order
    uint64_t acknowledged = 0; ///< number of the latest
    uint32_t posts = 0;
    std::deque<int64_t> open; ///< since when, of those that are not acknowledged
  };

  void append_record(std::string& out, account_state& state, uint32_t account);

  post_writer posts_;
  std::vector<account_state> accounts_;
  send_order order_;
  uint32_t version_ = 0; ///< of posts that the order changes for the first time
  uint64_t share_ = 0; ///< of an account
  uint64_t left_ = 0;
  uint64_t sent_ = 0, acknowledged_ = 0; ///< of the order
  int64_t began_ = 0, first_sent_ = 0, last_sent_ = 0, last_acknowledged_ = 0;
  std::vector<uint32_t> latencies_; ///< microseconds
};

/// The number in `{"type":"ack","id":"ACCOUNT_NUMBER"}`; 0 where there is none.
uint64_t acknowledged_number(std::string_view message);

} // namespace bench

#pragma once

#include "tests/simapi/live/connection.hpp"
#include "tests/simapi/live/cutter.hpp"
#include "tests/simapi/live/hooks.hpp"

#include <memory>
#include <unordered_map>

namespace simapi {

class simulation;

struct live_counters {
  uint64_t events = 0;       // changes that became events
  uint64_t lost = 0;         // by the fault event_lost
  uint64_t sent = 0;         // handed to a socket: messages of WebSockets, events in requests to webhooks (each attempt)
  uint64_t delivered = 0;    // messages whose bytes were handed over; events that a webhook answered 2xx
  uint64_t acknowledged = 0; // by a WebSocket's client; or answered 2xx
  uint64_t dropped = 0;      // waited for a connection that ended
  uint64_t overflows = 0;    // connections that did not read, events that a full webhook could not take
  uint64_t opened = 0, cut = 0;
};

/// What is live about one tenant. Exists from its first event or connection on.
struct live_tenant {
  uint64_t last = 0; // number of the latest event
  std::string account;
  std::deque<live_event> kept; // in the order in which they were sent
  std::vector<live_connection*> connections;
  live_counters count;
};

/// What is being handed over: in one part per stream, each with its ticket of the journal.
struct handing {
  struct part {
    stream* in;
    std::vector<std::pair<uint32_t, uint32_t>> shown;
    uint64_t ticket = 0;
  };
  std::vector<part> parts;
};
enum class handed { nothing, perhaps, all };

/// The live side: takes changes of the world, makes events of them and hands these to whoever listens. Members are guarded by the
/// simulation's mutex, which callers hold. Sockets belong to sessions and couriers.
class live_hub {
public:
  explicit live_hub(simulation& sim);

  /// Lets go what was late and is due, and cuts connections whose turn it is.
  void run_due();
  std::optional<int64_t> next_due() const;
  /// A journal says that this event, which was late, was let go.
  void release(uint32_t tenant, uint64_t number);

  void open(live_connection& added);
  void close(live_connection& gone);
  /// Adds streams. With `after`, what followed that event is sent again; answers whether it was still known.
  bool subscribe(live_connection& whose, uint32_t streams, const std::string* after);
  void acknowledge(live_connection& whose);
  /// What is to be written next; then what became of it.
  outgoing_events take(live_connection& whose, size_t most);
  void written(live_connection& whose, const outgoing_events& what, bool completely);

  /// Cuts connections now, as ordered. Answers how many.
  size_t cut_now(cutter by);
  uint32_t add_cutter(cutter made);
  void clear_cutters() { cutters_.clear(); }
  const std::vector<cutter>& cutters() const { return cutters_; }

  /// A request to a webhook was made: its status (0 = no answer), and how much of it was handed over.
  void answered(delivery of, int status, handing& what, handed outcome);

  // Between these two, bytes are given to a socket: what they show counts as served.
  handing begin_handing(const outgoing_events& what);
  void end_handing(handing& what, handed outcome);

  /// The text of one event in its dialect's form, as it is sent.
  void append_text(std::string& out, const live_event& event);
  const std::string& account_of(uint32_t tenant) { return at(tenant).account; }

  size_t waiting() const { return queued_ + schedule_.waiting() + hooks.waiting(); }
  size_t connections() const { return connections_.size(); }
  const std::unordered_map<uint32_t, live_tenant>& tenants() const { return tenants_; }

  live_counters total;
  hook_table hooks;
  size_t keep = 1000;         // events of a graph tenant that can be sent again
  size_t queue_limit = 65'536; // events that wait for one connection at most
  bool deflate = false;        // offered to clients that ask for permessage-deflate
  std::function<void()> poke;  // wakes the service that runs what is due and makes requests

private:
  live_tenant& at(uint32_t tenant);
  void publish(const world_change& change);
  void emit(live_tenant& whose, const outgoing_event& what);
  void push(live_tenant& whose, live_connection& to, const outgoing_event& what);
  void end(live_tenant& whose, live_connection& which, cut_kind kind);
  void wake(live_connection& which);
  size_t cut(cutter& by);

  template <class Count>
  void count(live_tenant& whose, Count live_counters::* what, uint64_t more = 1) {
    whose.count.*what += more;
    total.*what += more;
  }

  simulation& sim_;
  delivery_schedule schedule_;
  std::unordered_map<uint32_t, live_tenant> tenants_;
  std::map<uint64_t, live_connection*> connections_;
  std::vector<cutter> cutters_;
  uint64_t last_connection_ = 0;
  uint32_t last_cutter_ = 0;
  uint64_t cuts_now_ = 0;
  size_t queued_ = 0; // events in the queues of connections, or being written
};

} // namespace simapi

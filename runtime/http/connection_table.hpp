#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace lode {

/// Decides who may use or open a connection: at most `per_host` to a host name, `total` together. Who must wait is
/// served in order of arrival; only a host at its own limit is passed over. Idle connections are used again for their
/// origin, the last used first; the one unused for longest gives its place to a request for another origin.
/// Pure bookkeeping, so that tests need no sockets: `Connection` is a handle that compares equal to itself.
template <class Connection>
class connection_table {
public:
  struct limits {
    size_t per_host;
    size_t total;
    size_t waiting;
  };

  /// A place among the open connections. Whoever gets one must release() it.
  struct permit {
    std::optional<Connection> idle; ///< use this one; none: open a new one
  };

  using ticket = uint64_t; ///< names a waiting request
  using on_permit = std::function<void(permit)>;
  using on_close = std::function<void(Connection&)>;

  enum class answer { granted, waiting, refused };
  struct acquired {
    answer kind;
    permit granted; ///< if granted
    ticket waiting; ///< if waiting
  };

  /// `close` is called for idle connections that lose their place.
  connection_table(limits bounds, on_close close) : limits_(bounds), close_(std::move(close)) {}

  /// `granted` is called later, from release(), drop() or abandon(), if the answer is `waiting`.
  acquired acquire(const std::string& host, const std::string& origin, on_permit granted) {
    auto& entry = host_named(host);
    if (entry.waiting.empty())
      if (auto found = place_for(entry, origin)) {
        forget_robbed();
        return {answer::granted, std::move(*found), 0};
      }
    if (waiting_ >= limits_.waiting) {
      forget_if_unused(entry);
      return {answer::refused, {}, 0};
    }
    entry.waiting.emplace(++last_ticket_, waiter{origin, std::move(granted)});
    ++waiting_;
    note_readiness(entry);
    return {answer::waiting, {}, last_ticket_};
  }

  /// Gives a place back; with `reusable`, the connection stays open and idle.
  void release(const std::string& host, const std::string& origin, std::optional<Connection> reusable) {
    auto& entry = host_named(host);
    if (reusable) {
      auto age = ++last_idle_;
      entry.idle.emplace(age, idle_connection{origin, std::move(*reusable)});
      idle_.emplace(age, &entry);
    } else {
      closed(entry);
    }
    serve_waiting(entry);
  }

  /// An idle connection has died.
  void drop(const std::string& host, const Connection& connection) {
    auto& entry = host_named(host);
    for (auto i = entry.idle.begin(); i != entry.idle.end(); ++i)
      if (i->second.connection == connection) {
        idle_.erase(i->first);
        entry.idle.erase(i);
        closed(entry);
        break;
      }
    serve_waiting(entry);
  }

  /// A waiting request gives up. False if its permit has been granted already.
  bool abandon(const std::string& host, ticket number) {
    auto& entry = host_named(host);
    auto was_waiting = entry.waiting.erase(number) > 0;
    waiting_ -= was_waiting;
    note_readiness(entry);
    forget_if_unused(entry);
    return was_waiting;
  }

  /// Closes what is idle, for the end: nobody waits any more.
  void close_idle() {
    while (!idle_.empty())
      evict(*idle_.begin()->second, idle_.begin()->first);
  }

  size_t open() const { return open_; }
  size_t idle() const { return idle_.size(); }
  size_t waiting() const { return waiting_; }

private:
  struct waiter {
    std::string origin;
    on_permit granted;
  };
  struct idle_connection {
    std::string origin;
    Connection connection;
  };
  struct host_entry {
    const std::string* name = nullptr;
    size_t open = 0; // idle ones included
    std::map<ticket, waiter> waiting;
    std::map<uint64_t, idle_connection> idle; // by age, oldest first
    ticket ready = 0;                         // its key in ready_, or 0
  };

  host_entry& host_named(const std::string& host) {
    auto found = hosts_.try_emplace(host).first;
    found->second.name = &found->first;
    return found->second;
  }

  void forget_if_unused(host_entry& entry) {
    if (entry.open == 0 && entry.waiting.empty())
      hosts_.erase(*entry.name);
  }

  void forget_robbed() {
    for (auto entry : std::exchange(robbed_, {}))
      forget_if_unused(*entry);
  }

  void closed(host_entry& entry) {
    --entry.open;
    --open_;
  }

  void evict(host_entry& entry, uint64_t age) {
    auto node = entry.idle.extract(age);
    idle_.erase(age);
    closed(entry);
    close_(node.mapped().connection);
    note_readiness(entry);
  }

  std::optional<permit> place_for(host_entry& entry, const std::string& origin) {
    for (auto i = entry.idle.rbegin(); i != entry.idle.rend(); ++i)
      if (i->second.origin == origin) {
        permit found{std::move(i->second.connection)};
        idle_.erase(i->first);
        entry.idle.erase(std::next(i).base());
        return found;
      }
    if (entry.open >= limits_.per_host) {
      if (entry.idle.empty())
        return std::nullopt;
      evict(entry, entry.idle.begin()->first);
    } else if (open_ >= limits_.total) {
      if (idle_.empty())
        return std::nullopt;
      auto [age, owner] = *idle_.begin();
      evict(*owner, age);
      if (owner != &entry)
        robbed_.insert(owner);
    }
    ++entry.open;
    ++open_;
    return permit{};
  }

  /// A host with waiting requests that is below its own limit waits only for the total.
  void note_readiness(host_entry& entry) {
    auto front = entry.waiting.empty() || entry.open >= limits_.per_host ? 0 : entry.waiting.begin()->first;
    if (front == entry.ready)
      return;
    if (entry.ready != 0)
      ready_.erase({entry.ready, &entry});
    if (front != 0)
      ready_.emplace(front, &entry);
    entry.ready = front;
  }

  bool serve_first(host_entry& entry) {
    if (entry.waiting.empty())
      return false;
    auto front = entry.waiting.begin();
    auto found = place_for(entry, front->second.origin);
    if (!found)
      return false;
    auto served = entry.waiting.extract(front);
    --waiting_;
    note_readiness(entry);
    served.mapped().granted(std::move(*found));
    return true;
  }

  /// After a place of `entry` became free: the oldest of those who can use it.
  void serve_waiting(host_entry& entry) {
    note_readiness(entry);
    for (;;) {
      auto own = entry.waiting.empty() ? ~ticket{0} : entry.waiting.begin()->first;
      auto other = ready_.empty() ? &entry : ready_.begin()->second;
      auto other_is_older = other != &entry && ready_.begin()->first < own;
      auto first = other_is_older ? other : &entry;
      auto second = other_is_older ? &entry : other;
      if (!serve_first(*first) && (first == second || !serve_first(*second)))
        break;
    }
    robbed_.insert(&entry);
    forget_robbed();
  }

  limits limits_;
  on_close close_;
  std::unordered_map<std::string, host_entry> hosts_; // references stay valid
  std::map<uint64_t, host_entry*> idle_;              // all idle connections by age
  std::set<std::pair<ticket, host_entry*>> ready_;
  std::set<host_entry*> robbed_; // lost connections to another host: perhaps unused now
  size_t open_ = 0;
  size_t waiting_ = 0;
  uint64_t last_idle_ = 0;
  ticket last_ticket_ = 0;
};

} // namespace lode

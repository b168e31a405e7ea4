#pragma once

#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/support/network_place.hpp"

namespace lode::test {

/// A small network: places (network namespaces) by name, and between them this process, which looks at each IPv4 packet and hands
/// it on, late, or never, as `packet_rules` says. Of the machine's own network nothing is seen or touched. Everything is gone with
/// the object.
class test_network {
public:
  /// Why there can be none here; "" = there can.
  static std::string obstacle();

  /// The seed of what is lost.
  explicit test_network(uint32_t seed = 1);
  ~test_network();
  test_network(const test_network&) = delete;
  test_network& operator=(const test_network&) = delete;

  /// The place of that name; the first call makes it, with an address of 10.77.0.0/24.
  place_pointer place(const std::string& name);

  /// What goes from one to the other is lost from now on, in silence.
  void cut(const std::string& from, const std::string& to);
  void cut_both_ways(const std::string& one, const std::string& other);
  /// Nothing is cut any more.
  void heal();
  /// Everywhere: the part that is lost (0..1) and how long the rest is under way.
  void disturb(double loss, std::chrono::milliseconds delay);

  /// Packets that were lost so far.
  size_t lost() const;
  /// Packets with a payload that one sent to the other, arrived or not.
  size_t sent(const std::string& from, const std::string& to);

private:
  using clock = std::chrono::steady_clock;
  using packet = std::vector<uint8_t>;

  void forward_all();
  void take_in(const network_place& from);
  void take(packet bytes);
  /// Milliseconds until the next one is due, -1 = none waits.
  int hand_on_what_is_due();
  packet_rules::way way_of(const std::string& from, const std::string& to);
  void wake();

  mutable std::mutex mutex_;
  packet_rules rules_;
  std::map<std::string, place_pointer> places_;
  std::map<ip4_address, int> devices_;
  std::map<packet_rules::way, size_t> sent_;
  std::multimap<clock::time_point, std::pair<int, packet>> under_way_; ///< by when they are due
  size_t lost_ = 0;
  bool is_ending_ = false;
  int bell_ = -1; ///< an eventfd: something has changed
  std::thread forwarder_;
};

} // namespace lode::test

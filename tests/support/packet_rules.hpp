#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <utility>

namespace lode::test {

using ip4_address = std::array<uint8_t, 4>;

/// What an IPv4 packet says of itself.
struct packet_head {
  ip4_address from{};
  ip4_address to{};
  size_t payload = 0; ///< bytes that a program sent; 0 of a mere acknowledgement, greeting or farewell of TCP
};

/// Nothing of what is no whole IPv4 packet.
std::optional<packet_head> read_head(std::span<const uint8_t> packet);

/// What becomes of a packet between two addresses. Pure, and the same for the same seed and packets.
class packet_rules {
public:
  using way = std::pair<ip4_address, ip4_address>; ///< from, to

  explicit packet_rules(uint32_t seed = 1) : random_(seed) {}

  /// All that goes this way is lost, in silence; what goes the other way arrives.
  void cut(const way& which) { cut_.insert(which); }
  void heal() { cut_.clear(); }
  /// Of what is not cut, everywhere: the part that is lost (0..1), and how long the rest is under way.
  void disturb(double loss, std::chrono::milliseconds delay);

  /// How long it is under way; nothing = it is lost.
  std::optional<std::chrono::milliseconds> fate_of(const way& which);

private:
  std::mt19937 random_;
  std::set<way> cut_;
  double loss_ = 0;
  std::chrono::milliseconds delay_{0};
};

} // namespace lode::test

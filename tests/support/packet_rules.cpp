#include "tests/support/packet_rules.hpp"

#include <algorithm>

namespace lode::test {

namespace {

constexpr size_t least_head = 20; // of IPv4, and of TCP
constexpr uint8_t tcp = 6;

size_t words_in(uint8_t half_byte) {
  return static_cast<size_t>(half_byte) * 4;
}

} // namespace

std::optional<packet_head> read_head(std::span<const uint8_t> packet) {
  if (packet.size() < least_head || packet[0] >> 4 != 4)
    return std::nullopt;
  const auto head = words_in(packet[0] & 15);
  const auto whole = static_cast<size_t>(packet[2]) << 8 | packet[3];
  if (head < least_head || whole < head || whole > packet.size())
    return std::nullopt;
  packet_head out;
  std::copy_n(packet.begin() + 12, 4, out.from.begin());
  std::copy_n(packet.begin() + 16, 4, out.to.begin());
  if (packet[9] == tcp && whole >= head + least_head)
    if (const auto heads = head + words_in(packet[head + 12] >> 4); heads < whole)
      out.payload = whole - heads;
  return out;
}

void packet_rules::disturb(double loss, std::chrono::milliseconds delay) {
  loss_ = loss;
  delay_ = delay;
}

std::optional<std::chrono::milliseconds> packet_rules::fate_of(const way& which) {
  // The draw comes first: what is cut does not change the luck of the others' packets.
  const auto is_unlucky = std::uniform_real_distribution<>{}(random_) < loss_;
  if (is_unlucky || cut_.contains(which))
    return std::nullopt;
  return delay_;
}

} // namespace lode::test

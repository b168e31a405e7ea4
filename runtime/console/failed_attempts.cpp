#include "runtime/console/failed_attempts.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace lode {

std::chrono::seconds failed_attempts::wait_of(const std::string& address, clock::time_point now) const {
  const auto found = forgiven_.find(address);
  if (found == forgiven_.end())
    return {};
  const auto too_many = found->second - now - (at_once - 1) * apart;
  return std::max(std::chrono::seconds{0}, std::chrono::ceil<std::chrono::seconds>(too_many));
}

void failed_attempts::failed(const std::string& address, clock::time_point now) {
  if (!forgiven_.contains(address) && forgiven_.size() >= most)
    make_room(now);
  auto& until = forgiven_[address];
  until = std::max(until, now) + apart;
}

void failed_attempts::make_room(clock::time_point now) {
  std::erase_if(forgiven_, [&](const auto& each) { return each.second <= now; });
  if (forgiven_.size() >= most)
    forgiven_.erase(std::ranges::min_element(forgiven_, {}, [](const auto& each) { return each.second; }));
}

std::string attempt_address(const std::string& address) {
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, address.substr(0, address.find('%')).c_str(), bytes.data()) != 1)
    return address;
  const bool is_mapped = std::ranges::all_of(bytes.begin(), bytes.begin() + 10, [](auto byte) { return byte == 0; })
                         && bytes[10] == 0xff && bytes[11] == 0xff;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_mapped) {
    inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
    return text.data();
  }
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return std::string{text.data()} + "/64";
}

} // namespace lode

#pragma once

#include <chrono>
#include <string>
#include <unordered_map>

namespace lode {

/// How often each address gave a wrong token. Each may do so ten times at once and then every six seconds; before that it is not
/// even asked what its token is. Addresses know nothing of each other: whoever comes from elsewhere with the right one is let in.
///
/// Pure; as many addresses as `most` are remembered: the one that was forgiven most is forgotten for a new one.
class failed_attempts {
public:
  using clock = std::chrono::steady_clock;

  static constexpr int at_once = 10;
  static constexpr std::chrono::seconds apart{6};
  static constexpr size_t most = 1024;

  /// How long the address has to wait; zero: it may try.
  std::chrono::seconds wait_of(const std::string& address, clock::time_point now) const;
  void failed(const std::string& address, clock::time_point now);
  void succeeded(const std::string& address) { forgiven_.erase(address); }

  size_t size() const noexcept { return forgiven_.size(); }

private:
  void make_room(clock::time_point now);

  /// When all attempts of an address are forgiven: each one moves it by `apart`.
  std::unordered_map<std::string, clock::time_point> forgiven_;
};

/// Whoever has one address of IPv6 has 2^64 of them: those count as one. Other texts stay as they are.
std::string attempt_address(const std::string& address);

} // namespace lode

#include "tests/support/test_network.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <stdexcept>

namespace lode::test {

namespace {

constexpr size_t largest_packet = 65'536;
/// Of one device before the others get their turn.
constexpr int packets_at_once = 64;

} // namespace

std::string test_network::obstacle() {
  try {
    network_place{{10, 77, 0, 254}};
    return {};
  } catch (const std::exception& why) {
    return why.what();
  }
}

test_network::test_network(uint32_t seed) : rules_(seed), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  forwarder_ = std::thread{[this] { forward_all(); }};
}

test_network::~test_network() {
  {
    std::lock_guard guard{mutex_};
    is_ending_ = true;
  }
  wake();
  forwarder_.join();
  ::close(bell_);
}

void test_network::wake() {
  ::eventfd_write(bell_, 1);
}

place_pointer test_network::place(const std::string& name) {
  std::lock_guard guard{mutex_};
  auto& found = places_[name];
  if (!found) {
    found = std::make_shared<network_place>(ip4_address{10, 77, 0, static_cast<uint8_t>(places_.size())});
    devices_[found->bytes()] = found->device();
    wake();
  }
  return found;
}

packet_rules::way test_network::way_of(const std::string& from, const std::string& to) {
  return {place(from)->bytes(), place(to)->bytes()};
}

void test_network::cut(const std::string& from, const std::string& to) {
  const auto way = way_of(from, to);
  std::lock_guard guard{mutex_};
  rules_.cut(way);
}

void test_network::cut_both_ways(const std::string& one, const std::string& other) {
  cut(one, other);
  cut(other, one);
}

void test_network::heal() {
  std::lock_guard guard{mutex_};
  rules_.heal();
}

void test_network::disturb(double loss, std::chrono::milliseconds delay) {
  std::lock_guard guard{mutex_};
  rules_.disturb(loss, delay);
}

size_t test_network::lost() const {
  std::lock_guard guard{mutex_};
  return lost_;
}

size_t test_network::sent(const std::string& from, const std::string& to) {
  const auto way = way_of(from, to);
  std::lock_guard guard{mutex_};
  return sent_[way];
}

void test_network::forward_all() {
  for (;;) {
    std::vector<place_pointer> all;
    int patience = 0;
    {
      std::lock_guard guard{mutex_};
      if (is_ending_)
        return;
      for (const auto& [name, each] : places_)
        all.push_back(each);
      patience = hand_on_what_is_due();
    }
    std::vector<pollfd> wanted{{bell_, POLLIN, 0}};
    for (const auto& each : all)
      wanted.push_back({each->device(), POLLIN, 0});
    if (::poll(wanted.data(), wanted.size(), patience) <= 0)
      continue;
    eventfd_t rung = 0;
    if (wanted[0].revents)
      ::eventfd_read(bell_, &rung);
    for (size_t i = 0; i < all.size(); ++i)
      if (wanted[i + 1].revents)
        take_in(*all[i]);
  }
}

void test_network::take_in(const network_place& from) {
  packet space(largest_packet);
  for (int i = 0; i < packets_at_once; ++i) {
    const auto length = ::read(from.device(), space.data(), space.size());
    if (length <= 0)
      return;
    take({space.begin(), space.begin() + length});
  }
}

void test_network::take(packet bytes) {
  const auto head = read_head(bytes);
  std::lock_guard guard{mutex_};
  const auto target = head ? devices_.find(head->to) : devices_.end();
  if (target == devices_.end())
    return; // what a kernel says to all, about IPv6 and the like
  if (head->payload > 0)
    ++sent_[{head->from, head->to}];
  if (const auto delay = rules_.fate_of({head->from, head->to}))
    under_way_.emplace(clock::now() + *delay, std::pair{target->second, std::move(bytes)});
  else
    ++lost_;
}

int test_network::hand_on_what_is_due() {
  const auto now = clock::now();
  while (!under_way_.empty() && under_way_.begin()->first <= now) {
    const auto& [device, bytes] = under_way_.begin()->second;
    // A full queue loses it, as those of real networks do.
    std::ignore = ::write(device, bytes.data(), bytes.size());
    under_way_.erase(under_way_.begin());
  }
  if (under_way_.empty())
    return -1;
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(under_way_.begin()->first - now).count());
}

} // namespace lode::test

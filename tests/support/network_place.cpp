#include "tests/support/network_place.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <thread>

namespace lode::test {

namespace {

constexpr auto own_namespace = "/proc/thread-self/ns/net";

int checked(int result, const char* what) {
  if (result < 0)
    throw std::runtime_error{std::string{what} + ": " + std::strerror(errno)};
  return result;
}

struct descriptor {
  int value;
  ~descriptor() { ::close(value); }
};

ifreq request_for(const char* device) {
  ifreq out{};
  std::strncpy(out.ifr_name, device, IFNAMSIZ - 1);
  return out;
}

void bring_up(int socket, const char* device) {
  auto request = request_for(device);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  checked(::ioctl(socket, SIOCSIFFLAGS, &request), "bringing up a network device");
}

void set_address(int socket, const char* device, unsigned long what, const ip4_address& address) {
  auto request = request_for(device);
  sockaddr_in value{};
  value.sin_family = AF_INET;
  std::memcpy(&value.sin_addr, address.data(), address.size());
  std::memcpy(&request.ifr_addr, &value, sizeof value);
  checked(::ioctl(socket, what, &request), "giving a network device its address");
}

int open_device(const char* name) {
  const auto device = checked(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), "/dev/net/tun");
  auto request = request_for(name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(device, TUNSETIFF, &request) < 0) {
    const auto why = errno;
    ::close(device);
    throw std::runtime_error{std::string{"making a TUN device: "} + std::strerror(why)};
  }
  return device;
}

} // namespace

network_place::network_place(const ip4_address& address) : address_(address) {
  // A thread of its own: it never comes back from there.
  std::exception_ptr failed;
  std::thread{[&] {
    try {
      make();
    } catch (...) {
      failed = std::current_exception();
    }
  }}.join();
  if (failed)
    std::rethrow_exception(failed);
}

void network_place::make() {
  constexpr auto device = "lode0";
  checked(::unshare(CLONE_NEWNET), "making a network namespace");
  const descriptor link{open_device(device)};
  const descriptor socket{checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "a socket in a network namespace")};
  bring_up(socket.value, "lo");
  set_address(socket.value, device, SIOCSIFADDR, address_);
  set_address(socket.value, device, SIOCSIFNETMASK, {255, 255, 255, 0});
  bring_up(socket.value, device);
  namespace_ = checked(::open(own_namespace, O_RDONLY | O_CLOEXEC), own_namespace);
  device_ = checked(::fcntl(link.value, F_DUPFD_CLOEXEC, 0), "a TUN device");
}

network_place::~network_place() {
  ::close(device_);
  ::close(namespace_);
}

std::string network_place::address() const {
  char text[INET_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET, address_.data(), text, sizeof text);
  return text;
}

inside::inside(const place_pointer& place) {
  if (!place)
    return;
  before_ = checked(::open(own_namespace, O_RDONLY | O_CLOEXEC), own_namespace);
  if (::setns(place->handle(), CLONE_NEWNET) < 0) {
    ::close(before_);
    throw std::runtime_error{std::string{"entering a network namespace: "} + std::strerror(errno)};
  }
}

inside::~inside() {
  if (before_ < 0)
    return;
  if (::setns(before_, CLONE_NEWNET) < 0) {
    std::cerr << "network_place: no way back from a network namespace: " << std::strerror(errno) << std::endl;
    std::abort();
  }
  ::close(before_);
}

} // namespace lode::test

#pragma once

#include <memory>
#include <string>

#include "tests/support/packet_rules.hpp"

namespace lode::test {

/// A network namespace with a loopback of its own and one TUN device, whose packets whoever holds `device` reads and writes. It
/// is gone with the object and the last process that runs there.
class network_place {
public:
  /// Throws std::runtime_error with the reason where this machine or user may not.
  explicit network_place(const ip4_address& address);
  ~network_place();
  network_place(const network_place&) = delete;
  network_place& operator=(const network_place&) = delete;

  std::string address() const;
  const ip4_address& bytes() const noexcept { return address_; }
  int device() const noexcept { return device_; }
  int handle() const noexcept { return namespace_; }

private:
  void make();

  ip4_address address_;
  int namespace_ = -1;
  int device_ = -1;
};

/// null = where the test itself is.
using place_pointer = std::shared_ptr<const network_place>;

/// While it lives, sockets that this thread makes and programs that it starts are in that place.
class inside {
public:
  explicit inside(const place_pointer& place);
  ~inside();
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;

private:
  int before_ = -1;
};

} // namespace lode::test

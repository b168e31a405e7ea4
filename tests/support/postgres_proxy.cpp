#include "tests/support/postgres_proxy.hpp"

#include <libpq-fe.h>

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace lode::test {

namespace {

bool send_all(int to, const char* bytes, long length) {
  while (length > 0) {
    auto sent = ::send(to, bytes, static_cast<size_t>(length), MSG_NOSIGNAL);
    if (sent <= 0)
      return false;
    bytes += sent;
    length -= sent;
  }
  return true;
}

} // namespace

postgres_proxy::postgres_proxy(const std::string& dsn) {
  auto* options = PQconninfoParse(dsn.c_str(), nullptr);
  for (auto* option = options; option && option->keyword; ++option) {
    if (!option->val)
      continue;
    if (std::strcmp(option->keyword, "host") == 0)
      socket_path_ = std::string{option->val} + "/.s.PGSQL.5432";
    if (std::strcmp(option->keyword, "dbname") == 0)
      database_ = option->val;
    if (std::strcmp(option->keyword, "user") == 0)
      user_ = option->val;
  }
  PQconninfoFree(options);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length);
  ::listen(listener_, 16);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread{[this] { accept_all(); }};
}

postgres_proxy::~postgres_proxy() {
  is_stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (auto& thread : threads_)
    thread.join();
  ::close(listener_);
}

std::string postgres_proxy::dsn() const {
  return "postgresql://" + user_ + "@127.0.0.1:" + std::to_string(port_) + "/" + database_;
}

void postgres_proxy::accept_all() {
  for (;;) {
    int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0 || is_stopping_)
      return;
    std::lock_guard guard{mutex_};
    threads_.emplace_back([this, client] { forward(client); });
  }
}

int postgres_proxy::connect_to_server() const {
  int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path_.c_str(), sizeof(address.sun_path) - 1);
  ::connect(server, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  return server;
}

/// Applies what is armed to data of a client; whether the client is to be cut.
bool postgres_proxy::is_cut_by_client_data(int server, const char* bytes, long length) {
  const auto armed = armed_.exchange(cut::none);
  if (armed == cut::request)
    return true;
  if (!send_all(server, bytes, length) || armed == cut::after_request)
    return true;
  if (armed != cut::reply)
    return false;
  std::array<char, 1> first{}; // whatever the server says, it has come to its end
  ::recv(server, first.data(), first.size(), MSG_PEEK);
  return true;
}

void postgres_proxy::forward(int client) {
  int server = connect_to_server();
  std::array<char, 65536> space{};
  std::array<pollfd, 2> ends{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
  bool is_open = true;
  while (is_open && !is_stopping_) {
    if (holds_) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
      continue;
    }
    ::poll(ends.data(), ends.size(), 50);
    if (ends[0].revents) {
      auto length = ::recv(client, space.data(), space.size(), 0);
      is_open = length > 0 && !is_cut_by_client_data(server, space.data(), length);
    }
    if (is_open && ends[1].revents) {
      auto length = ::recv(server, space.data(), space.size(), 0);
      is_open = length > 0 && send_all(client, space.data(), length);
    }
  }
  ::close(client);
  // The server's session lives on, as behind a broken network, until someone ends it.
  ends[1].revents = 0;
  for (pollfd& end = ends[1]; !is_stopping_;) {
    if (::poll(&end, 1, 50) > 0 && ::recv(server, space.data(), space.size(), 0) <= 0)
      break;
  }
  ::close(server);
}

} // namespace lode::test

#include "tests/support/redis_fixture.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "messages/error.hpp"

namespace lode::test {

test_redis::test_redis(std::vector<std::string> options) : options_(std::move(options)) {
  auto name = (std::filesystem::temp_directory_path() / "lode-redis-XXXXXX").string();
  if (!mkdtemp(name.data()))
    throw std::runtime_error{"no temporary folder " + name};
  folder_ = name;
  start();
}

test_redis::~test_redis() {
  server_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void test_redis::start() {
  std::vector<std::string> command{"redis-server", "--port",    "0",        "--unixsocket", socket(), "--dir", folder_,
                                   "--save",       "",          "--appendonly", "no"};
  command.insert(command.end(), options_.begin(), options_.end());
  server_ = std::make_unique<child_process>(command, folder_ + "/log");
  await(
    "Redis answers",
    [this] {
      redis_connection link{settings()};
      redis_command ping{"PING"};
      auto reply = link.call(std::span{&ping, 1});
      return reply && !reply->front().text.starts_with("LOADING");
    },
    std::chrono::seconds{30}, [this] { return last_lines(folder_ + "/log"); });
}

void test_redis::kill() {
  server_->kill_hard();
}

redis_settings test_redis::settings() const {
  redis_settings out;
  out.address.socket = socket();
  out.timeout = std::chrono::seconds{20};
  out.pause = std::chrono::milliseconds{0};
  return out;
}

redis_reply test_redis::ask(const redis_command& command) const {
  redis_connection link{settings()};
  auto reply = link.call(std::span{&command, 1});
  if (!reply) {
    std::cerr << message_of(reply.error()) << "\n";
    std::abort();
  }
  return reply->front();
}

uint16_t free_port() {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor acceptor{io, {boost::asio::ip::address_v4::loopback(), 0}};
  return acceptor.local_endpoint().port();
}

} // namespace lode::test

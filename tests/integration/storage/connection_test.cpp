#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "messages/error.hpp"
#include "messages/type_ids.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {
namespace {

/// Takes connections, as a kernel does for a server that stands still, and answers nothing.
class silent_server {
public:
  silent_server() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(socket_, 64), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~silent_server() { ::close(socket_); }

  std::string dsn() const { return "postgresql://lode@127.0.0.1:" + std::to_string(port_) + "/lode"; }
  int tries() {
    int count = 0;
    for (int next = 0; (next = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ++count)
      ::close(next);
    return count;
  }

private:
  int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  uint16_t port_ = 0;
};

TEST(postgres_connection, calls_in_a_row_wait_once_for_a_server_that_does_not_answer) {
  silent_server server;
  postgres_settings settings;
  settings.dsn = server.dsn();
  postgres_connection link{settings, "test"};
  static constexpr statement look{"look", "SELECT 1"};
  constexpr int calls = 8;
  for (int i = 0; i < calls; ++i) {
    auto answer = link.execute(look);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error(), errc::store_unavailable);
    EXPECT_TRUE(link.last_failure().is_connection_lost);
    EXPECT_NE(link.last_failure().message.find("cannot connect to PostgreSQL"), std::string::npos) << link.last_failure().message;
  }
  EXPECT_LT(server.tries(), calls / 2);
}

TEST(postgres_connection, what_libpq_says_in_several_lines_is_one_line) {
  postgres_settings settings;
  settings.dsn = "host=/nowhere,/nowhere_else dbname=none";
  auto error = postgres_connection{settings, "test"}.connect();
  ASSERT_EQ(error, errc::store_unavailable);
  EXPECT_NE(message_of(error).find("/nowhere_else"), std::string::npos) << message_of(error);
  EXPECT_EQ(message_of(error).find_first_of("\n\t"), std::string::npos) << message_of(error);
}

} // namespace
} // namespace lode

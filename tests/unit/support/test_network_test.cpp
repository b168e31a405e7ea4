#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/child_process.hpp"
#include "tests/support/test_network.hpp"

namespace lode::test {
namespace {

sockaddr_in endpoint(const network_place& place) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(7788);
  std::memcpy(&out.sin_addr, place.bytes().data(), place.bytes().size());
  return out;
}

/// A UDP socket in a place: each datagram that arrives is one byte.
class post_box {
public:
  explicit post_box(place_pointer place) : place_(std::move(place)) {
    const inside there{place_};
    socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const auto here = endpoint(*place_);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
  }
  ~post_box() { ::close(socket_); }

  void send(const post_box& to, char what) {
    const auto there = endpoint(*to.place_);
    ASSERT_EQ(::sendto(socket_, &what, 1, 0, reinterpret_cast<const sockaddr*>(&there), sizeof there), 1);
  }
  /// 0 = nothing has arrived.
  char receive() {
    char what = 0;
    return ::recv(socket_, &what, 1, 0) == 1 ? what : '\0';
  }
  char await_one() {
    char what = 0;
    await("a datagram arrives", [&] { return (what = receive()) != 0; }, std::chrono::seconds{10});
    return what;
  }

private:
  place_pointer place_;
  int socket_ = -1;
};

struct test_network_test : testing::Test {
  void SetUp() override {
    if (auto why = test_network::obstacle(); !why.empty())
      GTEST_SKIP() << "no network namespaces here: " << why;
  }
};

TEST_F(test_network_test, what_is_cut_one_way_arrives_the_other_way) {
  test_network network;
  post_box a{network.place("a")};
  post_box b{network.place("b")};
  a.send(b, '1');
  EXPECT_EQ(b.await_one(), '1');
  network.cut("a", "b");
  a.send(b, '2');
  await("it is lost", [&] { return network.lost() == 1; }, std::chrono::seconds{10});
  b.send(a, '3');
  EXPECT_EQ(a.await_one(), '3');
  network.heal();
  a.send(b, '4');
  EXPECT_EQ(b.await_one(), '4') << "and what was lost does not come later";
}

TEST_F(test_network_test, what_is_delayed_keeps_its_order_and_comes_no_sooner) {
  test_network network;
  post_box a{network.place("a")};
  post_box b{network.place("b")};
  network.disturb(0, std::chrono::milliseconds{100});
  const auto begin = std::chrono::steady_clock::now();
  for (char each : {'1', '2', '3'})
    a.send(b, each);
  for (char each : {'1', '2', '3'})
    EXPECT_EQ(b.await_one(), each);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds{100});
}

TEST_F(test_network_test, a_program_runs_in_its_place_and_the_test_stays_where_it_was) {
  test_network network;
  auto place = network.place("a");
  char folder[] = "/tmp/lode-network.XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const auto log = std::string{folder} + "/log";
  auto networks = [&] {
    run_program({"cat", "/proc/net/dev"}, log);
    auto text = read_file(log);
    ::unlink(log.c_str());
    return text;
  };
  std::string there;
  {
    const inside in{place};
    there = networks();
  }
  EXPECT_NE(there.find("lode0"), std::string::npos) << there;
  EXPECT_EQ(networks().find("lode0"), std::string::npos);
  ::rmdir(folder);
}

} // namespace
} // namespace lode::test

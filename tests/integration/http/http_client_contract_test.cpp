#include "runtime/http/scripted_http_client.hpp"
#include "tests/integration/http/http_test.hpp"

namespace lode {

/// What callers may rely on, whichever client they got. Each client brings a URL that answers 200 "/ok" and one whose
/// request stays open.
struct client_under_test {
  virtual ~client_under_test() = default;
  virtual http_client& client() = 0;
  virtual void destroy() = 0;
  virtual void deliver() {} // lets an answered request end
  std::string answering, hanging;
};

struct real_client : client_under_test {
  real_client() {
    settings.connect_timeout = std::chrono::seconds{30};
    made = std::get<0>(make_beast_http_client(settings));
    answering = server.url("/ok");
    hanging = silent.url("/");
  }
  http_client& client() override { return *made; }
  void destroy() override { made.reset(); }

  test_http_server server{echo_target};
  test_http_server silent{[](server_connection& c) { c.wait_for_close(); }};
  http_client_settings settings;
  std::unique_ptr<http_client> made;
};

struct scripted_client : client_under_test {
  scripted_client() {
    answering = "http://api.example/ok";
    hanging = "http://api.example/hang";
    made->answer(answering, 200, "/ok");
  }
  http_client& client() override { return *made; }
  void destroy() override { made.reset(); }
  void deliver() override { made->deliver_next(); }

  std::unique_ptr<scripted_http_client> made =
    std::make_unique<scripted_http_client>(scripted_http_client::delivery::on_demand);
};

template <class T>
struct http_client_contract : testing::Test {
  std::atomic<int> calls = 0;
  T tested;

  std::future<http_result> send(const std::string& url, request_handle* handle = nullptr) {
    auto promise = std::make_shared<std::promise<http_result>>();
    auto future = promise->get_future();
    http_request request;
    request.url = url;
    auto started = tested.client().start(request, [this, promise](http_result result) {
      if (++calls, result.index() < 2)
        promise->set_value(std::move(result)); // a second call throws
    });
    if (handle != nullptr)
      *handle = started;
    return future;
  }
};

using clients = testing::Types<real_client, scripted_client>;
TYPED_TEST_SUITE(http_client_contract, clients);

TYPED_TEST(http_client_contract, a_request_is_answered_once) {
  auto pending = this->send(this->tested.answering);
  this->tested.deliver();
  EXPECT_EQ(std::get<http_response>(pending.get()).body, "/ok");
  this->tested.destroy();
  EXPECT_EQ(this->calls, 1);
}

TYPED_TEST(http_client_contract, a_cancelled_request_ends_once_as_cancelled) {
  request_handle handle;
  auto pending = this->send(this->tested.hanging, &handle);
  this->tested.client().cancel(handle);
  EXPECT_EQ(std::get<http_error>(pending.get()).kind, http_failure::cancelled);
  this->tested.client().cancel(handle);
  this->tested.destroy();
  EXPECT_EQ(this->calls, 1);
}

TYPED_TEST(http_client_contract, a_finished_or_unknown_handle_is_ignored) {
  request_handle handle;
  auto pending = this->send(this->tested.answering, &handle);
  this->tested.deliver();
  pending.wait();
  this->tested.client().cancel(handle);
  this->tested.client().cancel(request_handle{12345});
  EXPECT_EQ(pending.get().index(), 0u);
}

TYPED_TEST(http_client_contract, handles_are_never_the_same) {
  request_handle first, second;
  auto one = this->send(this->tested.hanging, &first);
  auto two = this->send(this->tested.hanging, &second);
  EXPECT_NE(first, second);
}

TYPED_TEST(http_client_contract, destruction_cancels_what_is_open) {
  auto pending = this->send(this->tested.hanging);
  this->tested.destroy();
  EXPECT_EQ(std::get<http_error>(pending.get()).kind, http_failure::cancelled);
  EXPECT_EQ(this->calls, 1);
}

TYPED_TEST(http_client_contract, stats_count_starts_answers_and_failures) {
  request_handle handle;
  auto open = this->send(this->tested.hanging, &handle);
  EXPECT_EQ(this->tested.client().stats().requests_in_flight, 1u);
  this->tested.client().cancel(handle);
  open.wait();
  auto answered = this->send(this->tested.answering);
  this->tested.deliver();
  answered.wait();
  auto stats = this->tested.client().stats();
  EXPECT_EQ(stats.requests_started, 2u);
  EXPECT_EQ(stats.requests_answered, 1u);
  EXPECT_EQ(stats.requests_failed, 1u);
  EXPECT_EQ(stats.requests_in_flight, 0u);
}

} // namespace lode

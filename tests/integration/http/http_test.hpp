#pragma once

#include "runtime/http/http_client.hpp"
#include "tests/support/test_http_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <variant>

namespace lode {

using test::server_connection;
using test::test_http_server;

/// A promise that test and server keep to each other.
class signal {
public:
  void give() { promise_.set_value(); }
  void wait() { ASSERT_EQ(future_.wait_for(std::chrono::seconds{60}), std::future_status::ready) << "no signal came"; }

private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

/// A client with the settings of the test, created at the first request.
class http_test : public testing::Test {
protected:
  http_client& client() {
    if (!client_) {
      auto made = make_beast_http_client(settings);
      if (auto error = std::get_if<http_error>(&made))
        throw std::runtime_error(error->message);
      client_ = std::get<0>(std::move(made));
    }
    return *client_;
  }

  std::future<http_result> send(http_request request, request_handle* handle = nullptr) {
    auto promise = std::make_shared<std::promise<http_result>>();
    auto future = promise->get_future();
    auto started = client().start(std::move(request), [promise](http_result result) {
      promise->set_value(std::move(result));
    });
    if (handle != nullptr)
      *handle = started;
    return future;
  }

  static http_request get_of(const std::string& url) {
    http_request request;
    request.url = url;
    return request;
  }

  static http_result result_of(std::future<http_result> future) {
    if (future.wait_for(std::chrono::seconds{60}) != std::future_status::ready)
      throw std::runtime_error("the request never ended");
    return future.get();
  }

  http_result ask(http_request request) { return result_of(send(std::move(request))); }
  http_result ask(const std::string& url) { return ask(get_of(url)); }

  /// The response, or a test failure that shows the error.
  http_response answer(http_request request) {
    auto result = ask(std::move(request));
    if (auto error = std::get_if<http_error>(&result)) {
      ADD_FAILURE() << to_string(error->kind) << ": " << error->message;
      return {};
    }
    return std::get<http_response>(std::move(result));
  }
  http_response answer(const std::string& url) { return answer(get_of(url)); }

  static http_error error_in(http_result result) {
    if (auto response = std::get_if<http_response>(&result)) {
      ADD_FAILURE() << "expected an error, got status " << response->status;
      return {http_failure::invalid_request, {}};
    }
    return std::get<http_error>(std::move(result));
  }
  http_error failure(http_request request) { return error_in(ask(std::move(request))); }
  http_error failure(const std::string& url) { return failure(get_of(url)); }

  http_client_settings settings;
  std::unique_ptr<http_client> client_;
};

/// Answers every request with 200 and its own target.
inline void echo_target(server_connection& connection) {
  while (auto request = connection.read_request())
    connection.respond(200, std::string_view{request->target().data(), request->target().size()});
}

} // namespace lode

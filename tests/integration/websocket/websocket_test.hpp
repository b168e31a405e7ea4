#pragma once

#include "runtime/websocket/websocket_client.hpp"
#include "tests/integration/websocket/websocket_peer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace lode {

using test::server_connection;
using test::test_http_server;
using test::websocket_peer;

/// Something that test and server tell each other once.
class signal {
public:
  void give() { promise_.set_value(); }
  bool wait() { return future_.wait_for(std::chrono::seconds{60}) == std::future_status::ready; }

private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

/// Keeps what the events of one socket said, and waits for it.
class recorder {
  template <class Look>
  auto look(Look at) {
    std::lock_guard guard{kept_->mutex};
    return at();
  }

public:
  websocket_events events() {
    return {[kept = kept_](websocket_opened news) { kept->change([&] { kept->opened = std::move(news); }); },
            [kept = kept_](std::vector<std::string> batch) {
              kept->change([&] {
                kept->batches.push_back(batch.size());
                for (auto& message : batch)
                  kept->messages.push_back(std::move(message));
              });
            },
            [kept = kept_](websocket_closed end) { kept->change([&] { kept->ends.push_back(std::move(end)); }); }};
  }

  websocket_opened opened() {
    kept_->wait("it is open", [&] { return kept_->opened.has_value(); });
    std::lock_guard guard{kept_->mutex};
    return kept_->opened.value_or(websocket_opened{});
  }
  std::vector<std::string> messages(size_t count) {
    kept_->wait(std::to_string(count) + " messages", [&] { return kept_->messages.size() >= count; });
    std::lock_guard guard{kept_->mutex};
    return kept_->messages;
  }
  websocket_closed closed() {
    kept_->wait("it is closed", [&] { return !kept_->ends.empty(); });
    std::lock_guard guard{kept_->mutex};
    return kept_->ends.empty() ? websocket_closed{} : kept_->ends.front();
  }

  bool was_opened() { return look([&] { return kept_->opened.has_value(); }); }
  size_t ends() { return look([&] { return kept_->ends.size(); }); }
  size_t received() { return look([&] { return kept_->messages.size(); }); }
  std::vector<size_t> batches() { return look([&] { return kept_->batches; }); }
  /// How many times an event was called after `closed`.
  size_t late() { return look([&] { return kept_->late; }); }

private:
  struct record {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<websocket_opened> opened;
    std::vector<std::string> messages;
    std::vector<size_t> batches;
    std::vector<websocket_closed> ends;
    size_t late = 0;

    template <class Change>
    void change(Change apply) {
      std::lock_guard guard{mutex};
      late += !ends.empty();
      apply();
      changed.notify_all();
    }
    void wait(const std::string& what, const std::function<bool()>& holds) {
      std::unique_lock guard{mutex};
      auto is_over = [&] { return holds() || !ends.empty(); };
      if (!changed.wait_for(guard, std::chrono::seconds{60}, is_over))
        ADD_FAILURE() << "in vain for: " << what;
      else if (!holds())
        ADD_FAILURE() << "closed before " << what << ": " << to_string(ends.front().reason) << ", "
                      << ends.front().message;
    }
  };
  std::shared_ptr<record> kept_ = std::make_shared<record>();
};

/// Waits for a condition that something else brings about.
inline bool eventually(const std::function<bool()>& holds) {
  for (auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60}; std::chrono::steady_clock::now() < end;) {
    if (holds())
      return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return false;
}

/// A client with the settings of the test, made with the first socket.
class websocket_test : public testing::Test {
protected:
  websocket_test() {
    static const test::test_authority nobody; // the system's certificates take a while to read, for each client
    settings.network.ca_file = nobody.file();
  }

  websocket_client& client() {
    if (!client_) {
      auto made = make_websocket_client(settings);
      if (auto error = std::get_if<http_error>(&made))
        throw std::runtime_error(error->message);
      client_ = std::get<0>(std::move(made));
    }
    return *client_;
  }

  static std::string url_of(const test_http_server& server) { return "ws://" + server.address() + "/live"; }

  websocket_handle open(websocket_request request, recorder& into) {
    return client().open(std::move(request), into.events());
  }
  /// With plenty of credit.
  template <class Url>
    requires std::convertible_to<Url, std::string>
  websocket_handle open(const Url& url, recorder& into) {
    return open(websocket_request{.url = url, .credits = 1'000'000}, into);
  }
  websocket_handle open(const test_http_server& server, recorder& into) { return open(url_of(server), into); }

  websocket_closed end_of(websocket_request request) {
    recorder seen;
    open(std::move(request), seen);
    return seen.closed();
  }
  template <class Url>
    requires std::convertible_to<Url, std::string>
  websocket_closed end_of(const Url& url) {
    return end_of(websocket_request{.url = url, .credits = 1'000'000});
  }
  websocket_closed end_of(const test_http_server& server) { return end_of(url_of(server)); }

  websocket_client_settings settings;
  std::unique_ptr<websocket_client> client_;
};

/// Agrees to the upgrade and answers each message with itself.
inline void echo(server_connection& connection) {
  websocket_peer peer{connection};
  if (!peer.accept())
    return;
  while (auto message = peer.receive())
    peer.send(*message);
}

/// Agrees to the upgrade, does `then`, and reads until the end.
inline test_http_server::handler after_accept(std::function<void(websocket_peer&)> then) {
  return [then = std::move(then)](server_connection& connection) {
    websocket_peer peer{connection};
    if (!peer.accept())
      return;
    then(peer);
    peer.receive_all();
  };
}

} // namespace lode

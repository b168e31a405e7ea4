#pragma once

#include "tests/simapi/server.hpp"
#include "tests/simapi/test/http_client.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <thread>

namespace simapi::test {

namespace json = boost::json;

/// A simulated world that serves on its own thread while the object lives.
class running_simapi {
public:
  explicit running_simapi(const std::vector<std::string>& command_line);
  ~running_simapi();

  simulation sim;

private:
  server both_;
  std::jthread thread_;
};

/// A test against a running lode-simapi: graph-000, crm-001, shop-002, reached only through its sockets.
struct simapi_test : testing::Test {
  /// Starts the world; without arguments a small one with seed 7.
  void start(std::vector<std::string> more = {});
  void stop() { world.reset(); }

  // The control port.
  json::value control_get(const std::string& target);
  std::vector<json::value> control_lines(const std::string& target);
  json::value control_post(const std::string& target, const std::string& body, int expected_status = 200);
  void fault(const std::string& body) { control_post("/control/faults", body); }
  json::value tenant(const std::string& name);
  std::vector<json::value> truth(const std::string& name, const std::string& stream);
  json::value truth_of(const std::string& name, const std::string& stream, const std::string& key);
  std::vector<json::value> requests(const std::string& name);

  // One page of each dialect with good credentials; `query` begins with an ampersand or is empty.
  http_reply posts(const std::string& query = {});
  http_reply comments(const std::string& post);
  http_reply contacts(const std::string& query = {});
  http_reply shop(const std::string& stream, const std::string& query = {});
  http_reply orders(const std::string& query = {}) { return shop("orders", query); }
  http_reply refresh(const std::string& refresh_token = {});

  std::string graph_target(const std::string& query = {});
  http_client& data();

  std::unique_ptr<running_simapi> world;
  std::unique_ptr<http_client> connection; // made anew when the last one was closed
  std::string access_token;                // crm
  uint16_t port = 0, control_port = 0;
};

json::value parse(const http_reply& reply);

/// The text at a path of object keys, as it stands in the JSON.
std::string text_at(const json::value& in, const std::string& pointer);

/// The records of a page.
json::array records(const http_reply& reply, const std::string& list);

/// Their ids, as text.
std::vector<std::string> ids(const http_reply& reply, const std::string& list);

/// What stands behind rel="next" in the Link header: path and query only; empty if there is none.
std::string next_of_link(const http_reply& reply);

} // namespace simapi::test

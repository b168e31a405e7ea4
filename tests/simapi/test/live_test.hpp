#pragma once

#include "tests/simapi/test/simapi_test.hpp"
#include "tests/simapi/test/ws_client.hpp"

namespace simapi::test {

/// A test of the live side: graph-000 over WebSockets.
struct live_test : simapi_test {
  std::string live_target(const std::string& account = {}) {
    return "/v19.0/" + (account.empty() ? text_at(tenant("graph-000"), "/account") : account) + "/live";
  }

  std::unique_ptr<ws_client> connect(bool deflate = false) {
    return std::make_unique<ws_client>(port, live_target(), text_at(tenant("graph-000"), "/access_token"), deflate);
  }

  /// Connects, subscribes to both streams and waits until that is confirmed.
  std::unique_ptr<ws_client> subscribe(const std::string& after = {}, const std::string& streams = R"(["posts","comments"])") {
    auto made = connect();
    EXPECT_EQ(made->status(), 101);
    made->send(R"({"type":"subscribe","streams":)" + streams + (after.empty() ? "" : R"(,"after":")" + after + '"') + "}");
    auto said = made->read();
    EXPECT_EQ(text_at(said, "/type"), "subscribed");
    EXPECT_EQ(text_at(said, "/resumed"), was_resumed ? "true" : "false");
    return made;
  }

  json::value mutate(const std::string& op, const std::string& name, const std::string& stream, const std::string& more) {
    return control_post("/control/mutate", R"({"ops":[{"op":")" + op + R"(","tenant":")" + name + R"(","stream":")" + stream + "\""
                                             + more + "}]}");
  }

  /// Two edits in one command: nothing can come between them.
  void edit_twice(const std::string& key, const std::string& first = {}, const std::string& second = {}) {
    auto step = R"({"op":"edit","tenant":"graph-000","stream":"posts","key":")" + key + "\"";
    control_post("/control/mutate", "{\"ops\":[" + step + first + "}," + step + second + "}]}");
  }

  void edit(const std::string& key) { mutate("edit", "graph-000", "posts", R"(,"key":")" + key + "\""); }
  void remove(const std::string& key) { mutate("delete", "graph-000", "posts", R"(,"key":")" + key + "\""); }

  /// Keys of posts without any page being asked for.
  std::vector<std::string> keys(const std::string& name = "graph-000", const std::string& stream = "posts") {
    std::vector<std::string> result;
    for (const auto& line : truth(name, stream))
      result.push_back(text_at(line, "/key"));
    return result;
  }

  std::string served_of(const std::string& key) {
    std::string result;
    auto line = truth_of("graph-000", "posts", key);
    for (const auto& each : line.at("served").as_array())
      result += text_at(each, "/version") + ' ';
    return result;
  }

  json::value live(const std::string& name = "graph-000") { return control_get("/control/live?tenant=" + name).at("tenants").at(0); }

  /// Waits until nothing is left to be delivered.
  void settle() { EXPECT_EQ(text_at(control_get("/control/live/settled?timeout_ms=20000"), "/settled"), "true"); }

  std::string first_key() { return keys().front(); }

  bool was_resumed = false; // what subscribe() expects to be told
};

} // namespace simapi::test

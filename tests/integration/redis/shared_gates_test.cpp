#include <boost/json.hpp>
#include <caf/all.hpp>
#include <gtest/gtest.h>

#include <atomic>

#include "actors/extraction/fetch_gate.hpp"
#include "actors/scheduling/turn_leaser.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/redis/shared_turns.hpp"
#include "tests/support/http_ask.hpp"
#include "tests/support/mining_fixtures.hpp"
#include "tests/support/redis_fixture.hpp"

/// Two fetch gates in real time, as two nodes have them, against a simulated API that counts and refuses what is too much.
using namespace lode;
using namespace lode::test;
using namespace std::chrono_literals;

namespace {

namespace json = boost::json;

constexpr uint32_t requests_per_second = 20;

/// A simulated shop whose bucket holds one second of requests.
class counting_api {
public:
  counting_api() : server_({LODE_SIMAPI_BINARY, "--tenants", "1", "--dialects", "shop", "--seed", "3", "--ready-file", ready_,
                            "--shop-bucket", std::to_string(requests_per_second), "--shop-leak-per-second",
                            std::to_string(requests_per_second)},
                           folder_.folder() + "/simapi.log") {
    await("lode-simapi is up", [this] { return !read_file(ready_).empty(); });
    auto ready = json::parse(read_file(ready_));
    auto lines = http_ask(ready.at("control_port").to_number<uint16_t>(), "GET", "/control/tenants").body;
    tenant_ = json::parse(lines.substr(0, lines.find('\n'))).as_object();
    http_client_settings settings;
    settings.resolve[text("host")] = "127.0.0.1:" + json::serialize(ready.at("port"));
    client_ = std::get<std::unique_ptr<http_client>>(make_beast_http_client(settings));
  }

  void send() {
    http_request request;
    request.url = "http://" + text("host") + text("base_path") + "/orders.json?limit=1";
    request.headers.push_back({"X-Shop-Access-Token", text("api_key")});
    client_->start(std::move(request), [this](http_result result) {
      auto* response = std::get_if<http_response>(&result);
      ++(response && response->status == 200 ? answered : response && response->status == 429 ? refused : failed);
    });
  }
  void close() { client_.reset(); }

  std::atomic<size_t> answered{0}, refused{0}, failed{0};
  test_redis folder_; ///< the Redis beside it, and its folder

private:
  std::string text(const char* name) const { return std::string{tenant_.at(name).as_string()}; }

  std::string ready_ = folder_.folder() + "/ready";
  child_process server_;
  json::object tenant_;
  std::unique_ptr<http_client> client_;
};

/// Has four requests waiting at its gate, for ever.
using busy_client = caf::typed_actor<caf::result<void>(permit_granted)>;

busy_client::behavior_type client_of(busy_client::pointer self, fetch_gate_actor gate, counting_api* api) {
  auto plan = item_plan({{rate_budget::scope::app, requests_per_second, 1s}});
  auto ask = ask_permit{1, tenant_id{1}, item_connection(1, plan), 0, 1, false};
  for (int i = 0; i < 4; ++i)
    self->send(gate, ask);
  return {[=](const permit_granted&) {
    api->send();
    self->send(gate, ask);
  }};
}

class shared_gates_test : public ::testing::Test {
protected:
  ~shared_gates_test() override {
    caf::scoped_actor self{system_};
    for (auto& actor : actors_)
      self->send_exit(actor, caf::exit_reason::kill);
    self->wait_for(actors_);
    api.close();
  }

  void start_node(const std::string& name, bool has_redis) {
    budget_sharing sharing;
    sharing.live_nodes = [] { return 2u; };
    if (has_redis) {
      auto settings = api.folder_.settings();
      settings.timeout = 250ms;
      auto turns = std::make_shared<shared_turns>(settings, 1, name);
      sharing.leaser = system_.spawn<caf::detached>(
        turn_leaser, [turns](const lease_turns& order) { return turns->lease(order); });
      actors_.push_back(caf::actor_cast<caf::actor>(sharing.leaser));
    }
    auto gate = system_.spawn<fetch_gate>(1'000'000u, fetch_gate_report{}, sharing);
    actors_.push_back(caf::actor_cast<caf::actor>(system_.spawn(client_of, gate, &api)));
    actors_.push_back(caf::actor_cast<caf::actor>(gate));
  }

  void await_answers(size_t more) {
    auto wanted = api.answered + more;
    await("the API answers", [&] { return api.answered >= wanted; });
  }

  counting_api api;

private:
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  std::vector<caf::actor> actors_;
};

} // namespace

TEST_F(shared_gates_test, without_Redis_two_nodes_stay_within_what_the_API_allows) {
  start_node("n1", false), start_node("n2", false);
  await_answers(100);
  EXPECT_EQ(api.refused, 0u);
  EXPECT_EQ(api.failed, 0u);
}

TEST_F(shared_gates_test, with_Redis_that_is_emptied_and_dies_two_nodes_stay_within_what_the_API_allows) {
  start_node("n1", true), start_node("n2", true);
  await_answers(40);
  api.folder_.ask({"FLUSHALL"});
  await_answers(40);
  api.folder_.kill();
  await_answers(60);
  api.folder_.start();
  await_answers(60);
  EXPECT_EQ(api.refused, 0u);
  EXPECT_EQ(api.failed, 0u);
}

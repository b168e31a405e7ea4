#pragma once

#include <boost/asio.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "messages/type_ids.hpp"
#include "runtime/cli/api_client.hpp"
#include "runtime/console/http_server.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/storage/memory/memory_database.hpp"
#include "runtime/wall_clock.hpp"
#include "tests/support/openapi_check.hpp"

namespace lode {

namespace json = boost::json;

/// Notes what the console asked of the node.
struct noting_control : node_control {
  void connection_changed(tenant_id tenant, std::optional<connection_id> connection) override {
    note("changed " + to_string(tenant) + " " + to_string(connection.value_or(connection_id{})));
  }
  void connection_added(tenant_id tenant, connection_id connection) override {
    note("added " + to_string(tenant) + " " + to_string(connection));
  }
  void look_for_work() override { note("look"); }
  void cancel_run(tenant_id, connection_id, run_id run) override { note("cancel " + to_string(run)); }
  node_status status() override {
    node_status out;
    out.name = "n1";
    out.waiting_for_quota = 3;
    return out;
  }
  void pass_webhook(tenant_id, hear_webhook, std::function<void(const caf::error&)> done) override {
    note("webhook");
    done({});
  }
  std::vector<actor_figures> actors() override { return {{.name = "lode.miner", .messages = 5, .processing_seconds = 0.5}}; }
  peers_surveyed survey(std::optional<tenant_id>) override { return surveyed; }
  void look_early() override { note("look at the nodes"); }
  void sinks_changed() override { note("look at the sinks"); }
  std::string metrics_text() override { return "lode_test 1\n"; }
  bool ready(std::string& why) override {
    why = is_ready ? "" : "the test says so";
    return is_ready;
  }

  std::vector<std::string> take() {
    std::scoped_lock lock{guard};
    return std::exchange(notes, {});
  }
  void note(std::string text) {
    std::scoped_lock lock{guard};
    notes.push_back(std::move(text));
  }
  peers_surveyed surveyed; ///< set before the console is asked
  std::mutex guard;
  std::vector<std::string> notes;
  std::atomic<bool> is_ready{true};
};

/// A console on a free port over stores in memory.
struct console_fixture : testing::Test {
  console_fixture() {
    settings.listen = "127.0.0.1:0";
    settings.max_body = 64_KiB;
    services.node = node;
    services.open_stores = [this] {
      return console_stores{database.make_catalog_store(), database.make_run_store(self), database.make_admin_store(),
                            database.make_membership_store(self), {}, database.make_sink_store(self)};
    };
    services.seal_secrets = [](std::string_view text) -> caf::expected<std::string> {
      return "sealed:" + std::string{text.rbegin(), text.rend()};
    };
    services.open_secrets = [](std::string_view sealed) -> caf::expected<std::string> {
      return std::string{sealed.rbegin(), sealed.rend() - 7};
    };
    services.inspect_manifest = [](const std::string&, const std::string& text) {
      manifest_summary out;
      out.is_usable = text.find("broken") == text.npos;
      if (!out.is_usable)
        out.notes.push_back({diagnostic::level::error, "", 3, "#/streams", "is broken"});
      out.version = std::to_string(text.size());
      out.streams = {"contacts", "posts"};
      out.secrets = {"start_word"};
      if (const auto at = text.find("spec: "); at != text.npos) // JSON to the end
        out.connection_schema = *expression::parse_json(text.substr(at + 6));
      return out;
    };
    services.inspect_sink = [](const std::string&, const std::string& text) {
      sink_summary out{{}, text.find("broken") == text.npos, "jsonl", {"shop/*"}, false};
      if (!out.is_usable)
        out.notes.push_back({diagnostic::level::error, "", 2, "#/jsonl/folder", "is broken"});
      return out;
    };
    services.read_airbyte_state = [](const connection_row&, const source_row&, const std::string& text)
      -> caf::expected<std::vector<imported_cursor>> {
      if (text.find("posts") == text.npos)
        return caf::make_error(errc::bad_argument, "stream nothing: the source has no such stream");
      return std::vector<imported_cursor>{{"posts", "", instant{std::chrono::hours{2}}}};
    };
    services.check_schedule = [](std::string_view text) -> caf::expected<new_schedule> {
      if (text.find("manual") != text.npos)
        return new_schedule{};
      if (text.find("every") == text.npos)
        return caf::make_error(errc::bad_argument, "schedule: nothing known");
      return new_schedule{text.find("urgent") == text.npos ? urgency::normal : urgency::high, wall_clock()};
    };
    services.default_schedule = R"({"every":"15m"})";
  }

  void start() {
    auto made = http_server::start(settings, make_console_router(), services, limits);
    ASSERT_TRUE(made) << message_of(made.error());
    server = std::move(*made);
  }

  api_client client(std::string token = {}) { return api_client{server->address(), std::move(token)}; }

  /// The answer to a request, which must have this status and be as openapi.json describes it.
  json::value expect(int status, const std::string& method, const std::string& path, const std::string& body = {}, const std::string& command = {}) {
    if (!server)
      start();
    auto reply = client().call(method, path, body, "application/json", nullptr, command);
    EXPECT_EQ(reply.status, status) << method << " " << path << ": " << reply.body;
    EXPECT_THAT(described().judge({method, path, reply.status, reply.content_type, reply.body}), testing::IsEmpty());
    json::error_code problem;
    auto answer = json::parse(reply.body, problem);
    return problem ? json::value(json::string{reply.body}) : answer;
  }

  static const test::openapi_check& described() {
    static const test::openapi_check document{openapi_document()};
    return document;
  }

  uint16_t port() const { return static_cast<uint16_t>(std::stoi(server->address().substr(server->address().rfind(':') + 1))); }

  /// Sends bytes as they are and reads until the server closes. `from`: the address of this machine that it sees.
  std::string raw(const std::string& bytes, const std::string& from = "127.0.0.1") {
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket socket{io, {boost::asio::ip::make_address(from), 0}};
    socket.connect({boost::asio::ip::make_address("127.0.0.1"), port()});
    boost::system::error_code ended;
    boost::asio::write(socket, boost::asio::buffer(bytes), ended);
    std::string out;
    boost::asio::read(socket, boost::asio::dynamic_buffer(out), ended);
    return out;
  }

  /// Tenant acme with connection crm of source api.
  void make_acme() {
    expect(200, "PUT", "/api/v1/sources/api", "streams: fine");
    expect(201, "POST", "/api/v1/tenants", R"({"name":"acme"})");
    expect(200, "PUT", crm, R"({"source":"api","secrets":{"api_key":"hunter2"}})");
    node->take();
  }

  const std::string crm = "/api/v1/tenants/acme/connections/crm";
  const incarnation self{77};
  memory_database database;
  std::shared_ptr<noting_control> node = std::make_shared<noting_control>();
  console_settings settings;
  console_services services;
  session_limits limits;
  std::unique_ptr<http_server> server;
};

/// "code: detail" of an answer that is a problem.
inline std::string error_text(const json::value& answer) {
  return std::string{answer.at("code").as_string()} + ": " + std::string{answer.at("detail").as_string()};
}

} // namespace lode

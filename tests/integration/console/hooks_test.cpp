#include <boost/asio.hpp>

#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <future>

#include "runtime/console/access_tokens.hpp"
#include "tests/integration/console/console_fixture.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

/// Keeps what it is handed until the test says what became of it.
struct keeping_control : noting_control {
  struct kept {
    tenant_id tenant;
    hear_webhook request;
    std::function<void(const caf::error&)> done;
  };
  void pass_webhook(tenant_id tenant, hear_webhook request, std::function<void(const caf::error&)> done) override {
    std::scoped_lock lock{guard};
    waiting.push_back({tenant, std::move(request), std::move(done)});
    changed.notify_all();
  }
  void webhook_answered(int status) override {
    std::scoped_lock lock{guard};
    statuses.push_back(status);
  }
  /// Waits until so many have been handed over.
  std::vector<kept> await(size_t count) {
    std::unique_lock lock{guard};
    EXPECT_TRUE(changed.wait_for(lock, 20s, [&] { return waiting.size() >= count; })) << waiting.size() << " of " << count;
    return waiting;
  }
  std::condition_variable changed;
  std::vector<kept> waiting;
  std::vector<int> statuses;
};

/// A source "shop" of which two connections are listened to.
struct fake_desk : webhook_desk {
  caf::expected<std::string> answer_challenge(const std::string& source, const webhook_arrived& request) override {
    seen = request;
    if (source != "shop")
      return caf::make_error(errc::not_found, "there is no source " + source);
    if (request.target.find("challenge=") == std::string::npos)
      return caf::make_error(errc::bad_argument, "no challenge");
    return request.target.substr(request.target.find('=') + 1);
  }
  caf::expected<std::vector<webhook_target>> find_targets(const std::string& source, const webhook_arrived&) override {
    if (source == "away")
      return caf::make_error(errc::store_unavailable, "the database does not answer");
    if (source != "shop")
      return caf::make_error(errc::not_found, "there is no source " + source);
    return targets;
  }
  std::vector<webhook_target> targets{{{1}, {10}}};
  webhook_arrived seen;
};

struct hooks_test : console_fixture {
  hooks_test() {
    services.node = control;
    services.webhooks = desk;
    settings.max_body = 1_MiB;
  }
  ~hooks_test() override {
    server.reset();
    std::remove(token_path.c_str());
  }

  static std::string head_of(const std::string& body, const std::string& source = "shop") {
    return "POST /hooks/" + source + "?a=1 HTTP/1.1\r\nHost: x.example\r\nX-Sig: abc\r\nConnection: close\r\nContent-Length: "
           + std::to_string(body.size()) + "\r\n\r\n";
  }
  std::future<std::string> post(const std::string& body = "{}", const std::string& source = "shop") {
    if (!server)
      start();
    return std::async(std::launch::async, [this, body, source] { return raw(head_of(body, source) + body); });
  }

  std::shared_ptr<keeping_control> control = std::make_shared<keeping_control>();
  std::shared_ptr<fake_desk> desk = std::make_shared<fake_desk>();
  std::string token_path = testing::TempDir() + "lode-hook-token-" + std::to_string(::getpid());
};

bool is_there(const std::future<std::string>& answer) {
  return answer.wait_for(0s) == std::future_status::ready;
}

} // namespace

TEST_F(hooks_test, what_is_posted_is_answered_200_when_it_is_committed) {
  auto answer = post(R"({"id":1})");
  auto handed = control->await(1).at(0);
  EXPECT_EQ(handed.tenant, tenant_id{1});
  EXPECT_EQ(handed.request.connection, connection_id{10});
  const auto& request = handed.request.request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/hooks/shop?a=1") << "as it was received: signatures may cover it";
  EXPECT_EQ(request.body, R"({"id":1})");
  EXPECT_THAT(request.headers, testing::Contains(std::pair{std::string{"X-Sig"}, std::string{"abc"}}));
  EXPECT_FALSE(is_there(answer)) << "nothing is committed yet";
  handed.done({});
  EXPECT_THAT(answer.get(), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(control->statuses, std::vector<int>{200});
}

TEST_F(hooks_test, what_is_not_heard_is_told_with_the_reason) {
  for (auto [code, expected] : {std::pair{errc::unauthorized, "HTTP/1.1 401"}, {errc::bad_argument, "HTTP/1.1 400"},
                                {errc::unknown_outcome, "HTTP/1.1 503"}}) {
    auto answer = post();
    control->await(1).at(0).done(caf::make_error(code, "the reason"));
    EXPECT_THAT(answer.get(), AllOf(StartsWith(expected), HasSubstr("the reason")));
    control->waiting.clear();
  }
}

TEST_F(hooks_test, what_may_be_heard_later_is_to_come_again) {
  auto answer = post();
  control->await(1).at(0).done(caf::make_error(errc::unreachable, "the owner is away"));
  EXPECT_THAT(answer.get(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("\r\nRetry-After: 5\r\n")));
}

TEST_F(hooks_test, all_connections_that_it_is_for_must_have_committed_it) {
  desk->targets = {{{1}, {10}}, {{2}, {20}}};
  auto answer = post();
  auto handed = control->await(2);
  handed[1].done({});
  EXPECT_FALSE(is_there(answer));
  handed[0].done(caf::make_error(errc::unauthorized, "not its secret"));
  EXPECT_THAT(answer.get(), StartsWith("HTTP/1.1 200"));
}

TEST_F(hooks_test, no_source_no_store) {
  EXPECT_THAT(post("{}", "nothing").get(), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(post("{}", "away").get(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After")));
  services.webhooks = nullptr;
  server.reset();
  EXPECT_THAT(post().get(), StartsWith("HTTP/1.1 404"));
}

TEST_F(hooks_test, a_challenge_is_answered_with_its_own_text) {
  start();
  auto answer = raw("GET /hooks/shop?challenge=4711 HTTP/1.1\r\nHost: x.example\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Type: text/plain"), testing::EndsWith("\r\n\r\n4711")));
  EXPECT_EQ(desk->seen.method, "GET");
  EXPECT_THAT(raw("GET /hooks/shop HTTP/1.1\r\nHost: x.example\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 400"));
}

TEST_F(hooks_test, the_signature_is_the_token) {
  std::ofstream{token_path} << token_line(hash_of_token("0123456789abcdef")) << "\n";
  settings.token_file = token_path;
  auto answer = post();
  control->await(1).at(0).done({});
  EXPECT_THAT(answer.get(), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(client().call("GET", "/api/v1/tenants").status, 401) << "for nothing else";
}

TEST_F(hooks_test, a_body_that_no_node_could_pass_on_is_refused) {
  EXPECT_THAT(post(std::string(192 * 1024 + 1, 'x')).get(), AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("196608")));
  auto chunked = raw("POST /hooks/shop HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n30001\r\n" + std::string(0x30001, 'x')
                     + "\r\n0\r\n\r\n");
  EXPECT_THAT(chunked, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(control->waiting, testing::IsEmpty());
  auto longest = post(std::string(192 * 1024, 'x'));
  control->await(1).at(0).done({});
  EXPECT_THAT(longest.get(), StartsWith("HTTP/1.1 200"));
}

TEST_F(hooks_test, what_is_not_committed_in_time_is_to_come_again) {
  services.webhook_deadline = 50ms;
  auto answer = post();
  EXPECT_THAT(answer.get(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After")));
  control->await(1).at(0).done({}); // what comes late is dropped
  auto next = post();
  EXPECT_THAT(next.get(), StartsWith("HTTP/1.1 503"));
}

TEST_F(hooks_test, webhooks_that_wait_take_no_worker_from_people) {
  settings.threads = 1;
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 20; ++i)
    answers.push_back(post());
  auto handed = control->await(20);
  expect(200, "GET", "/api/v1/tenants");
  for (const auto& each : handed)
    each.done({});
  for (auto& answer : answers)
    EXPECT_THAT(answer.get(), StartsWith("HTTP/1.1 200"));
}

TEST_F(hooks_test, one_connection_has_a_bounded_number_on_their_way) {
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 32; ++i)
    answers.push_back(post());
  auto handed = control->await(32);
  EXPECT_THAT(post().get(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("too many")));
  desk->targets = {{{2}, {20}}};
  auto other = post();
  control->await(33).back().done({});
  EXPECT_THAT(other.get(), StartsWith("HTTP/1.1 200"));
  for (const auto& each : handed)
    each.done({});
  for (auto& answer : answers)
    EXPECT_THAT(answer.get(), StartsWith("HTTP/1.1 200"));
}

TEST_F(hooks_test, a_server_that_stops_leaves_no_answer_behind) {
  auto answer = post();
  auto handed = control->await(1).at(0);
  server.reset();
  handed.done({});
  EXPECT_THAT(answer.get(), Not(HasSubstr("200")));
}

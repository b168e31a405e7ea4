#include <boost/json.hpp>

#include <filesystem>
#include <fstream>

#include "tests/integration/http/http_test.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/http_ask.hpp"
#include "tests/support/test_certificates.hpp"

namespace lode {

namespace json = boost::json;

/// The client against the simulated APIs, over plain HTTP and over TLS. The parameter says which.
struct simulated_api_test : http_test, testing::WithParamInterface<bool> {
  simulated_api_test() {
    std::vector<std::string> command{SIMAPI_BINARY, "--tenants", "1", "--dialects", "graph", "--gzip",
                                     "--seed", "3", "--ready-file", file("ready")};
    if (GetParam()) {
      auto identity = authority.issue("graph.test");
      std::ofstream{file("cert")} << identity.certificate;
      std::ofstream{file("key")} << identity.key;
      command.insert(command.end(), {"--tls-cert", file("cert"), "--tls-key", file("key")});
      settings.extra_ca_file = authority.file();
    }
    apis = std::make_unique<test::child_process>(command, file("log"));
    test::await("lode-simapi is up", [&] { return !test::read_file(file("ready")).empty(); });
    auto ready = json::parse(test::read_file(file("ready")));
    settings.resolve["graph.test"] = "127.0.0.1:" + json::serialize(ready.at("port"));
    auto lines = test::http_ask(ready.at("control_port").to_number<uint16_t>(), "GET", "/control/tenants").body;
    tenant = json::parse(lines.substr(0, lines.find('\n'))).as_object();
  }
  ~simulated_api_test() override { std::filesystem::remove_all(folder); }

  std::string file(const std::string& name) const { return folder + "/" + name; }
  std::string text(const char* name) const { return std::string{tenant.at(name).as_string()}; }

  std::string folder = [] {
    std::string made = testing::TempDir() + "lode-simapi-XXXXXX";
    return std::string{::mkdtemp(made.data())};
  }();
  test::test_authority authority;
  std::unique_ptr<test::child_process> apis;
  json::object tenant;
};

TEST_P(simulated_api_test, pages_are_read_by_the_host_name_that_the_source_declares) {
  auto url = std::string{GetParam() ? "https" : "http"} + "://graph.test/v19.0/" + text("account")
             + "/posts?limit=100&access_token=" + text("access_token");
  auto page = answer(url);
  EXPECT_EQ(page.status, 200) << page.body;
  EXPECT_FALSE(json::parse(page.body).at("data").as_array().empty());
}

INSTANTIATE_TEST_SUITE_P(schemes, simulated_api_test, testing::Bool(),
                         [](const auto& scheme) { return scheme.param ? "tls" : "plain"; });

} // namespace lode

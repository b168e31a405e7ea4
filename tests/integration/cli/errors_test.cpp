#include "tests/integration/cli/cli_fixture.hpp"

using namespace lode;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// What --json makes of failures: one object on standard error, nothing on standard output.
struct errors_test : cli_fixture {
  /// "code: message" of a command that failed with this exit code.
  std::string error_of(int code, const std::string& arguments) {
    auto result = run("--json " + arguments);
    EXPECT_EQ(result.code, code) << arguments << ": " << result.err;
    EXPECT_THAT(result.out, IsEmpty()) << arguments;
    json::error_code problem;
    auto told = json::parse(result.err, problem);
    return problem ? "not JSON: " + result.err : error_text(told);
  }
};

TEST_F(errors_test, a_node_that_does_not_answer) {
  EXPECT_THAT(error_of(3, "--node http://127.0.0.1:1 status"), HasSubstr("no_node: no node answers at http://127.0.0.1:1"));
}

TEST_F(errors_test, a_refusal_of_the_node_in_its_own_words) {
  start();
  EXPECT_THAT(error_of(4, "tenant show nobody"), HasSubstr("not_found: "));
  EXPECT_EQ(run("tenant create acme").code, 0);
  EXPECT_THAT(error_of(5, "tenant create acme"), HasSubstr("conflict: "));
  EXPECT_THAT(error_of(4, "changes nobody"), HasSubstr("not_found: "));
  EXPECT_THAT(error_of(4, "export acme crm posts"), HasSubstr("not_found: "));
}

TEST_F(errors_test, a_broken_source_with_its_notes) {
  start();
  auto result = run("--json source put " + file("api.yaml", "broken"));
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.out, IsEmpty());
  auto told = json::parse(result.err);
  EXPECT_EQ(told.at("code"), json::value("bad_source"));
  EXPECT_EQ(told.at("notes").at(0).at("line"), json::value(3));
}

TEST_F(errors_test, wrong_arguments) {
  EXPECT_THAT(error_of(2, "tenant list --jsn"), HasSubstr("bad_argument: lode tenant list: there is no option --jsn; did you mean --json?"));
  EXPECT_THAT(error_of(2, "tenat list"), HasSubstr("did you mean tenant?"));
  EXPECT_THAT(error_of(2, "demo"), HasSubstr("--report FILE"));
}

TEST_F(errors_test, folders_and_what_is_empty_are_no_input) {
  make_acme();
  const auto empty = file("empty", "\n");
  for (const std::string command : {"tenant import ", "state set acme crm ", "source lint ", "source put ", "sink put lake ", "connection put acme crm ", "tenant list --token-file "}) {
    EXPECT_THAT(error_of(2, command + folder), HasSubstr(folder + ": is a folder")) << command;
    EXPECT_THAT(error_of(2, command + empty), HasSubstr(empty + ": is empty")) << command;
    EXPECT_THAT(error_of(2, command + folder + "/none"), HasSubstr("/none: cannot be read")) << command;
  }
  EXPECT_THAT(error_of(2, "state set acme crm - </dev/null"), HasSubstr("standard input: is empty"));
}

TEST_F(errors_test, a_configuration_lacks_what_a_node_cannot_start_without) {
  EXPECT_THAT(error_of(2, "config show"), testing::AllOf(HasSubstr("store.dsn is not set"), HasSubstr("security.key_file is not set")));
}

TEST_F(errors_test, all_mistakes_of_a_configuration_at_once) {
  auto told = error_of(2, "config show --set store.group_rows=0 --set htp.threads=1");
  EXPECT_THAT(told, testing::AllOf(HasSubstr("bad_argument: "), HasSubstr("store.group_rows"), HasSubstr("htp.threads")));
}

/// Takes one request, and hangs up instead of answering.
class silent_node {
public:
  silent_node() : thread_{[this] {
    boost::asio::ip::tcp::socket socket{io_};
    acceptor_.accept(socket);
    boost::system::error_code ended;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(request_), "\r\n\r\n", ended);
  }} {}
  ~silent_node() { thread_.join(); }
  std::string address() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  std::string request() { return request_; }

private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::string request_;
  std::thread thread_;
};

TEST_F(errors_test, files_and_confirmations) {
  EXPECT_THAT(error_of(2, "connection put acme crm " + folder + "/nothing.json"), HasSubstr("nothing.json: cannot be read"));
  EXPECT_THAT(error_of(2, "tenant remove acme"), HasSubstr("--yes"));
  EXPECT_THAT(error_of(2, "migrate"), HasSubstr("store.dsn"));
  EXPECT_THAT(error_of(1, "doctor --make-key " + folder + "/nowhere/key"), HasSubstr("failed: "));
}

TEST_F(errors_test, a_command_whose_outcome_is_not_known_says_how_to_repeat_it) {
  outcome first;
  std::string asked;
  {
    silent_node node;
    first = run("--node " + node.address() + " run trigger acme crm");
    asked = node.request();
  }
  EXPECT_EQ(first.code, 3);
  auto at = first.err.find("--command-id ");
  ASSERT_NE(at, first.err.npos) << first.err;
  auto id = first.err.substr(at + 13, 32);
  EXPECT_THAT(asked, HasSubstr("Idempotency-Key: " + id));
  make_acme();
  EXPECT_THAT(run("run trigger acme crm --command-id " + id).out, HasSubstr("asked for a manual run"));
  EXPECT_THAT(run("run trigger acme crm --command-id " + id).out, testing::StartsWith("asked for a manual run")) << "the same answer";
}

#include "runtime/console/access_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "messages/error.hpp"
#include "messages/type_ids.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

struct access_check_test : testing::Test {
  ~access_check_test() override { std::remove(path.c_str()); }

  void write(const std::string& text) { std::ofstream{path} << text; }
  access_answer ask(const std::string& authorization, const std::string& peer = "10.0.0.1") {
    return check.judge({authorization, "any.example", "", peer}, now).is;
  }

  const std::string token = "a token that is right";
  const std::string path = testing::TempDir() + "lode-tokens-" + std::to_string(getpid());
  access_check check{access_tokens{{hash_of_token("another"), hash_of_token(token)}}};
  access_check::clock::time_point now{};
};

} // namespace

TEST_F(access_check_test, with_tokens_only_who_carries_one_may_ask) {
  EXPECT_EQ(ask("Bearer " + token), access_answer::granted);
  EXPECT_EQ(ask("bearer another"), access_answer::granted) << "the scheme's name has no case";
  EXPECT_EQ(ask(""), access_answer::no_token);
  for (auto wrong : {"Bearer ", "Bearer a token that is righT", "Bearer a token that is right0", "Basic a token that is right", "a token that is right"})
    EXPECT_EQ(ask(wrong, wrong), access_answer::wrong_token) << wrong;
}

TEST_F(access_check_test, without_a_token_the_host_must_be_this_machine) {
  access_check check{access_tokens{}};
  for (auto host : {"127.0.0.1:7788", "localhost:7788", "localhost", "[::1]:7788", "[::1]"})
    EXPECT_EQ(check.judge({"", host, ""}).is, access_answer::granted) << host;
  for (auto host : {"", "rebound.example:7788", "10.0.0.1:7788", "127.0.0.1.example"})
    EXPECT_EQ(check.judge({"", host, ""}).is, access_answer::foreign) << host;
}

TEST_F(access_check_test, without_a_token_web_pages_of_others_are_refused) {
  access_check check{access_tokens{}};
  EXPECT_EQ(check.judge({"", "127.0.0.1:7788", "http://127.0.0.1:7788"}).is, access_answer::granted);
  EXPECT_EQ(check.judge({"", "127.0.0.1:7788", "https://127.0.0.1:7788", "", true}).is, access_answer::granted);
  EXPECT_EQ(check.judge({"", "127.0.0.1:7788", "https://127.0.0.1:7788"}).is, access_answer::foreign);
  EXPECT_EQ(check.judge({"", "127.0.0.1:7788", "http://evil.example"}).is, access_answer::foreign);
  EXPECT_EQ(check.judge({"", "127.0.0.1:7788", "null"}).is, access_answer::foreign);
}

TEST_F(access_check_test, an_address_that_gave_too_many_wrong_tokens_is_not_looked_at_for_a_while) {
  for (int i = 0; i < failed_attempts::at_once; ++i)
    EXPECT_EQ(ask("Bearer wrong"), access_answer::wrong_token) << i;
  const auto verdict = check.judge({"Bearer " + token, "", "", "10.0.0.1"}, now);
  EXPECT_EQ(verdict.is, access_answer::too_many) << "else it would learn by its answer which one is right";
  EXPECT_EQ(verdict.retry_after, failed_attempts::apart);
  now += failed_attempts::apart;
  EXPECT_EQ(ask("Bearer wrong"), access_answer::wrong_token);
  EXPECT_EQ(ask("Bearer wrong"), access_answer::too_many);
  now += failed_attempts::apart;
  EXPECT_EQ(ask("Bearer " + token), access_answer::granted);
  EXPECT_EQ(ask("Bearer wrong"), access_answer::wrong_token) << "who has the right one begins anew";
}

TEST_F(access_check_test, the_right_token_is_let_in_however_often_others_fail) {
  for (int i = 0; i < 3'000; ++i)
    ask("Bearer wrong", "10.1." + std::to_string(i / 256 % 256) + "." + std::to_string(i % 256));
  EXPECT_EQ(ask("Bearer " + token, "10.0.0.1"), access_answer::granted);
}

TEST_F(access_check_test, no_token_is_no_attempt) {
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(ask(""), access_answer::no_token);
  EXPECT_EQ(ask("Bearer " + token), access_answer::granted);
}

TEST(failed_attempts_test, as_many_addresses_as_it_may_are_remembered_and_those_that_failed_most) {
  failed_attempts failed;
  const failed_attempts::clock::time_point now{};
  for (int i = 0; i < failed_attempts::at_once; ++i)
    failed.failed("the worst", now);
  for (size_t i = 0; i < 2 * failed_attempts::most; ++i)
    failed.failed(std::to_string(i), now);
  EXPECT_EQ(failed.size(), failed_attempts::most);
  EXPECT_GT(failed.wait_of("the worst", now), 0s);
  failed.failed("one more", now + 1h);
  EXPECT_EQ(failed.size(), 1u) << "the others are forgiven";
}

TEST(failed_attempts_test, addresses_of_one_network_of_IPv6_are_one) {
  EXPECT_EQ(attempt_address("2001:db8:1:2:3:4:5:6"), attempt_address("2001:db8:1:2::9"));
  EXPECT_NE(attempt_address("2001:db8:1:2::1"), attempt_address("2001:db8:1:3::1"));
  EXPECT_EQ(attempt_address("fe80::1%eth0"), attempt_address("fe80::2%eth0"));
  EXPECT_EQ(attempt_address("::ffff:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(attempt_address("10.0.0.1"), "10.0.0.1");
}

TEST_F(access_check_test, a_token_that_was_made_is_let_in_and_stands_nowhere) {
  auto made = make_token(path, false);
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_THAT(*made, testing::MatchesRegex("lode_[0-9a-f]+"));
  EXPECT_EQ(made->size(), 69u);
  std::ifstream file{path};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_THAT(text, StartsWith("blake2b:"));
  EXPECT_THAT(text, Not(HasSubstr(made->substr(5))));
  struct stat attributes {};
  ASSERT_EQ(stat(path.c_str(), &attributes), 0);
  EXPECT_EQ(attributes.st_mode & 0777u, 0600u);
  auto tokens = read_token_file(path);
  ASSERT_TRUE(tokens);
  EXPECT_TRUE(tokens->let_in(*made));
  EXPECT_FALSE(tokens->let_in(text)) << "the hash is no token";
  EXPECT_FALSE(make_token(path, false)) << "it is not overwritten";
  auto second = make_token(path, true);
  ASSERT_TRUE(second);
  tokens = read_token_file(path);
  EXPECT_TRUE(tokens->let_in(*made) && tokens->let_in(*second));
}

TEST_F(access_check_test, a_file_with_a_token_itself_is_refused_with_advice_and_without_showing_it) {
  for (auto text : {"0123456789abcdef0123456789abcdef\n", "blake2b:0123\n", "blake2b:xyz\n", "# only a comment\n", ""}) {
    write(text);
    auto refused = read_token_file(path);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(message_of(refused.error()), testing::AllOf(HasSubstr(path), HasSubstr("lode token new"), Not(HasSubstr("0123"))));
  }
  write("# of grafana\n\n  " + token_line(hash_of_token(token)) + " \r\n");
  ASSERT_TRUE(read_token_file(path));
  EXPECT_EQ(read_token_file(path)->size(), 1u);
  EXPECT_FALSE(read_token_file("/nowhere"));
}

TEST_F(access_check_test, names_of_secrets_are_known_in_a_query) {
  for (auto name : {"token", "access_token", "Token", "api_key", "password"})
    EXPECT_TRUE(is_secret_parameter(name)) << name;
  for (auto name : {"after", "limit", "key", "wait", ""})
    EXPECT_FALSE(is_secret_parameter(name)) << name;
}

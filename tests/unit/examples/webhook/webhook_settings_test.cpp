#include <gmock/gmock.h>

#include "examples/webhook/signature.hpp"
#include "examples/webhook/webhook_sink.hpp"
#include "tests/support/sink_builders.hpp"

using namespace lode;
using namespace lode::examples;
using lode::test::build_sink;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr std::string_view secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::string mistakes_in(const std::string& yaml) {
  return build_sink(make_webhook_sink, yaml).mistakes;
}

TEST(webhook_settings_test, what_is_needed_is_a_url_and_a_secret) {
  EXPECT_EQ(mistakes_in("url: https://example.com/hooks\nsecret: " + std::string{secret}), "");
  EXPECT_THAT(mistakes_in("batch: 10"), testing::AllOf(HasSubstr("#/url"), HasSubstr("#/secret")));
}

TEST(webhook_settings_test, plain_http_is_for_this_machine_only) {
  const auto with_url = [](const std::string& url) {
    return mistakes_in("url: " + url + "\nsecret: " + std::string{secret});
  };
  EXPECT_EQ(with_url("http://127.0.0.1:8080/in"), "");
  EXPECT_EQ(with_url("http://localhost/in"), "");
  EXPECT_THAT(with_url("http://example.com/in"), HasSubstr("sink.yaml:1: error: #/url: expected https"));
  EXPECT_THAT(with_url("ftp://example.com/in"), HasSubstr("#/url"));
}

TEST(webhook_settings_test, no_message_shows_a_secret) {
  const auto found = mistakes_in("url: https://example.com\nsecret: whsec_tooShort");
  EXPECT_THAT(found, HasSubstr("expected whsec_ and 24 to 64 bytes in Base64"));
  EXPECT_THAT(found, Not(HasSubstr("tooShort")));
}

TEST(webhook_settings_test, every_mistake_is_told_at_its_place) {
  const auto found =
    mistakes_in("url: https://example.com\nsecret: " + std::string{secret}
                + "\nbatch: 501\ntimeout: 26s\nretries: 3\nheaders:\n  Webhook-Id: mine\n  X-Team: data");
  EXPECT_THAT(found, HasSubstr("sink.yaml:3: error: #/batch: expected 1 to 500 changes, found 501"));
  EXPECT_THAT(found, HasSubstr("sink.yaml:4: error: #/timeout: expected at most 25s"));
  EXPECT_THAT(found, HasSubstr("unknown key 'retries'"));
  EXPECT_THAT(found, HasSubstr("#/headers/Webhook-Id: is set by the sink itself"));
  EXPECT_THAT(found, Not(HasSubstr("X-Team")));
}

/// The example of the specification's reference libraries.
TEST(webhook_settings_test, a_signature_is_that_of_the_specification) {
  const auto key = key_in_webhook_secret(secret);
  ASSERT_TRUE(key);
  EXPECT_EQ(standard_signature({*key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

} // namespace

#include "runtime/extraction/webhook.hpp"

#include "live_support.hpp"
#include "runtime/base64.hpp"
#include "runtime/security/hmac.hpp"

namespace lode {

using namespace lode::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace {

const webhook_settings& hook_of(const source_plan_pointer& source) {
  return std::get<webhook_settings>(source->live.at(0).typed);
}

/// The signature that a webhook with these keys wants, and what it says to a request.
struct signing {
  explicit signing(const std::string& keys)
    : source(live_source("        listener: webhook\n        settings: {signature: {header: X-Sig, secret: \"{{ config['client_secret'] }}\", "
                         + keys + "}}\n        messages: [{payload: full}]\n")),
      rule(signature_check::make(hook_of(source), live_config(), at(0))) {
    EXPECT_TRUE(rule) << why(rule);
  }
  std::string said(std::string_view body, std::vector<http_header> headers, instant now = at(1'700'000'000)) {
    auto error = rule->check({"POST", "/hooks/items?x=1", headers, body}, now);
    return error ? message_of(error) : "good";
  }
  source_plan_pointer source;
  caf::expected<signature_check> rule;
};

constexpr auto hex = "algorithm: hmac_sha256, encoding: hex";
/// Of the body {"id":1} under the secret "s3cret", made with openssl dgst -hmac.
constexpr auto known_hex = "63ddab34da5838e383545e9c90b40f74a4e3daabc5dd9a8d49a51875ad4b2418";
constexpr auto known_base64 = "Y92rNNpYOOODVF6ckLQPdKTj2qvF3ZqNSaUYda1LJBg=";
constexpr auto known_sha1 = "2f0ee5192ed120c9fc4d16555636ddb35811f47e";

} // namespace

TEST(webhook_signature_test, fits_what_openssl_says) {
  EXPECT_EQ(signing{hex}.said(R"({"id":1})", {{"x-sig", known_hex}}), "good");
  EXPECT_EQ(signing{"algorithm: hmac_sha256, encoding: base64"}.said(R"({"id":1})", {{"X-Sig", known_base64}}), "good");
  EXPECT_EQ(signing{"algorithm: hmac_sha1, encoding: hex, prefix: sha1="}.said(R"({"id":1})", {{"X-Sig", std::string{"sha1="} + known_sha1}}),
            "good");
}

TEST(webhook_signature_test, anything_else_is_refused) {
  signing one{hex};
  EXPECT_THAT(one.said(R"({"id":1})", {}), HasSubstr("header X-Sig with the signature is missing"));
  EXPECT_THAT(one.said(R"({"id":2})", {{"X-Sig", known_hex}}), HasSubstr("is not the one of this body and secret"));
  EXPECT_THAT(one.said(R"({"id":1} )", {{"X-Sig", known_hex}}), HasSubstr("is not the one"));
  for (auto text : {"", "0", "zz", known_base64})
    EXPECT_THAT(one.said(R"({"id":1})", {{"X-Sig", text}}), HasSubstr("is not the one")) << text;
  signing prefixed{std::string{hex} + ", prefix: sha256="};
  EXPECT_THAT(prefixed.said(R"({"id":1})", {{"X-Sig", known_hex}}), HasSubstr("does not begin with sha256="));
}

TEST(webhook_signature_test, covers_time_method_and_path_where_the_source_says_so) {
  signing one{std::string{hex} + ", signs: \"v0:{{ timestamp }}:{{ method }}https://{{ config['shop'] }}{{ path }}{{ body }}\", "
                                 "timestamp: {header: X-Time, format: \"%s\", max_age: 5m}"};
  std::string_view text = R"(v0:1700000000:POSThttps://one.shop.test/hooks/items?x=1{"id":1})";
  auto raw = hmac(hmac_hash::sha256, "s3cret", std::span{&text, 1});
  std::string digits;
  for (unsigned char byte : raw)
    digits += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  std::vector<http_header> headers{{"X-Sig", digits}, {"X-Time", "1700000000"}};
  EXPECT_EQ(one.said(R"({"id":1})", headers), "good");
  EXPECT_EQ(one.said(R"({"id":1})", headers, at(1'700'000'300)), "good");
  EXPECT_THAT(one.said(R"({"id":1})", headers, at(1'700'000'301)), HasSubstr("signed 301 s ago, at most 300 s"));
  EXPECT_THAT(one.said(R"({"id":1})", headers, at(1'699'999'699)), HasSubstr("signed -301 s ago"));
  EXPECT_THAT(one.said(R"({"id":1})", {{"X-Sig", digits}}), HasSubstr("header X-Time with the time is missing"));
  EXPECT_THAT(one.said(R"({"id":1})", {{"X-Sig", digits}, {"X-Time", "1700000001"}}), HasSubstr("is not the one"));
}

TEST(webhook_signature_test, bodies_are_bytes_of_any_number) {
  std::string body(3u << 20, '\xFF');
  body[5] = '\0';
  std::string_view text = body;
  auto signature = base64_encode(hmac(hmac_hash::sha256, "s3cret", std::span{&text, 1}));
  EXPECT_EQ(signing{"algorithm: hmac_sha256, encoding: base64"}.said(body, {{"X-Sig", signature}}), "good");
}

TEST(webhook_signature_test, a_secret_that_everybody_knows_is_none) {
  auto source = example("shop");
  for (auto config : {R"({"shop":"x","client_secret":""})", R"({"shop":"x"})"}) {
    auto rule = signature_check::make(hook_of(source), json(config), at(0));
    ASSERT_FALSE(rule) << config;
    EXPECT_EQ(rule.error(), errc::bad_source);
  }
}

TEST(webhook_signature_test, example_sources_accept_what_their_apis_sign) {
  auto shop = signature_check::make(hook_of(example("shop")), live_config(), at(0));
  std::vector<http_header> headers{{"X-Shop-Hmac-Sha256", known_base64}};
  EXPECT_FALSE(shop->check({"POST", "/hooks/shop", headers, R"({"id":1})"}, at(0)));
  auto crm = signature_check::make(hook_of(example("crm")), live_config(), at(0));
  headers = {{"X-Crm-Signature", "61b530467cb1607cd6dafde71a466ecf2dd84f9f9836a5147323d9bd1a922d77"}, {"X-Crm-Request-Timestamp", "1714558830123"}};
  EXPECT_FALSE(crm->check({"POST", "/hooks/crm", headers, R"([{"eventId":1}])"}, at(0)));
  headers[1].value = "1714558830124";
  EXPECT_TRUE(crm->check({"POST", "/hooks/crm", headers, R"([{"eventId":1}])"}, at(0)));
}

TEST(webhook_account_test, tells_for_whom_a_request_is) {
  auto shop = example("shop");
  EXPECT_EQ(*account_of(hook_of(shop), live_config(), at(0)), "one.shop.test");
  std::vector<http_header> headers{{"x-shop-shop-domain", "two.shop.test"}};
  EXPECT_THAT(accounts_in(*shop, shop->live[0], {"POST", "/hooks/shop", headers, "{}"}), ElementsAre("two.shop.test"));
  EXPECT_THAT(accounts_in(*shop, shop->live[0], {"POST", "/hooks/shop", {}, "{}"}), IsEmpty());
  auto crm = example("crm");
  EXPECT_EQ(*account_of(hook_of(crm), live_config(), at(0)), "4711");
  EXPECT_THAT(accounts_in(*crm, crm->live[0], {"POST", "/hooks/crm", {}, R"([{"portalId":"1"},{"portalId":2},{"portalId":"1"},{}])"}),
              ElementsAre("1", "2"));
  EXPECT_THAT(accounts_in(*crm, crm->live[0], {"POST", "/hooks/crm", {}, "no JSON"}), IsEmpty());
  EXPECT_FALSE(account_of(hook_of(shop), json(R"({"shop":""})"), at(0)));
  EXPECT_FALSE(account_of(hook_of(shop), json(R"({"shop":")" + std::string(1001, 'x') + "\"}"), at(0))) << "no index holds it";
}

TEST(webhook_challenge_test, answers_a_get_with_its_value_and_nothing_else) {
  auto shop = example("shop");
  const auto& hook = hook_of(shop);
  const std::vector<http_header> none;
  auto answer = [&](std::string_view method, std::string_view target) { return challenge_answer(hook, {method, target, none, ""}); };
  EXPECT_EQ(answer("GET", "/hooks/shop?challenge=abc-123"), "abc-123");
  EXPECT_EQ(answer("GET", "/hooks/shop?a=1&challenge=x%2By"), "x+y");
  EXPECT_FALSE(answer("POST", "/hooks/shop?challenge=abc"));
  EXPECT_FALSE(answer("GET", "/hooks/shop"));
  EXPECT_FALSE(answer("GET", "/hooks/shop?challenge="));
  EXPECT_FALSE(answer("GET", "/hooks/shop?challenge=a%0D%0Ab"));
  EXPECT_FALSE(answer("GET", "/hooks/shop?challenge=" + std::string(1025, 'a')));
  EXPECT_FALSE(challenge_answer({}, {"GET", "/hooks/shop?challenge=abc", none, ""}));
}

} // namespace lode

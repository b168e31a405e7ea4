#include "runtime/node/webhook_desk.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "messages/type_ids.hpp"
#include "runtime/node/manifest_loading.hpp"
#include "runtime/storage/memory/memory_database.hpp"
#include "tests/support/claims.hpp"

using namespace lode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

namespace {

const auto known = builtin_extensions();

std::string example(const std::string& name) {
  std::ifstream file{LODE_SOURCE_FOLDER "/config/examples/sources/" + name + ".yaml"};
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

/// The example sources shop and crm over a store in memory, with connections that listen under accounts.
struct webhook_desk_test : testing::Test {
  static constexpr incarnation self{77};

  void SetUp() override {
    auto owned = claim_everything(*database.make_membership_store(self), "n1", self);
    ASSERT_TRUE(owned);
    claims = *owned;
    for (auto name : {"shop", "crm", "graph"})
      ASSERT_TRUE(catalog->put_source(name, example(name), "v1"));
  }

  connection_id listen(const std::string& tenant, const std::string& source, const std::string& account) {
    auto owner = catalog->create_tenant(tenant);
    connection_row wanted;
    wanted.name = "main";
    wanted.source = catalog->find_source(source)->id;
    wanted.configuration = "{}";
    wanted.streams = {{{}, "items", 0}};
    auto row = catalog->put_connection(owner->id, wanted);
    EXPECT_TRUE(row) << to_string(row.error());
    shard_claim claim;
    for (const auto& each : claims)
      if (each.shard == row->shard)
        claim = each;
    auto begun = live->begin_listening({{row->id, claim, ++subscriptions}, row->edition, instant{}, account});
    EXPECT_TRUE(begun) << to_string(begun.error());
    return row->id;
  }

  /// Numbers of the connections, or the error's code and message.
  std::string targets(const std::string& source, std::vector<std::pair<std::string, std::string>> headers, const std::string& body = "{}") {
    auto found = desk->find_targets(source, {"POST", "/hooks/" + source, std::move(headers), body});
    if (!found)
      return to_string(found.error());
    std::string out;
    for (const auto& target : *found)
      out += (out.empty() ? "" : " ") + to_string(target.connection);
    return out;
  }

  memory_database database;
  std::unique_ptr<catalog_store> catalog = database.make_catalog_store();
  std::unique_ptr<live_store> live = database.make_live_store(self);
  std::vector<shard_claim> claims;
  int64_t subscriptions = 0;
  std::shared_ptr<webhook_desk> desk = make_webhook_desk(database.make_catalog_store(), manifest_setup_of({}, known));
};

} // namespace

TEST_F(webhook_desk_test, the_account_that_a_request_names_says_whom_it_is_for) {
  auto one = listen("a", "shop", "one.shop.test");
  listen("b", "shop", "two.shop.test");
  EXPECT_EQ(targets("shop", {{"X-Shop-Shop-Domain", "one.shop.test"}}), to_string(one));
  EXPECT_THAT(targets("shop", {{"X-Shop-Shop-Domain", "three.shop.test"}}), HasSubstr("not_found"));
  EXPECT_THAT(targets("shop", {}), HasSubstr("bad_argument"));
}

TEST_F(webhook_desk_test, a_request_with_events_of_several_accounts_is_for_all_of_them) {
  auto one = listen("a", "crm", "17");
  auto two = listen("b", "crm", "18");
  EXPECT_EQ(targets("crm", {}, R"([{"portalId":"17"},{"portalId":18},{"portalId":"19"}])"), to_string(one) + " " + to_string(two));
  EXPECT_THAT(targets("crm", {}, R"([{"portalId":"17)"), testing::AllOf(HasSubstr("bad_argument"), HasSubstr("no JSON")));
}

TEST_F(webhook_desk_test, sources_that_are_not_there_or_have_no_webhook_are_named) {
  EXPECT_THAT(targets("nothing", {}), HasSubstr("not_found"));
  EXPECT_THAT(targets("graph", {}), testing::AllOf(HasSubstr("not_found"), HasSubstr("source graph has no webhook")));
}

TEST_F(webhook_desk_test, a_source_that_is_put_anew_counts_from_the_next_request_on) {
  auto one = listen("a", "shop", "one.shop.test");
  EXPECT_EQ(targets("shop", {{"X-Shop-Shop-Domain", "one.shop.test"}}), to_string(one));
  auto text = example("shop");
  const std::string header = "account: {header: X-Shop-Shop-Domain";
  text.replace(text.find(header), header.size(), "account: {header: X-Shop-Account");
  ASSERT_TRUE(catalog->put_source("shop", text, "v2"));
  EXPECT_THAT(targets("shop", {{"X-Shop-Shop-Domain", "one.shop.test"}}), HasSubstr("bad_argument"));
  EXPECT_EQ(targets("shop", {{"X-Shop-Account", "one.shop.test"}}), to_string(one));
}

TEST_F(webhook_desk_test, more_connections_than_can_be_asked_are_a_conflict) {
  for (int i = 0; i < 101; ++i)
    listen("t" + std::to_string(i), "shop", "one.shop.test");
  EXPECT_THAT(targets("shop", {{"X-Shop-Shop-Domain", "one.shop.test"}}), HasSubstr("conflict"));
}

TEST_F(webhook_desk_test, without_the_store_nothing_is_known) {
  database.inject(memory_fault::unavailable);
  EXPECT_THAT(targets("shop", {}), HasSubstr("store_unavailable"));
  EXPECT_THAT(targets("shop", {}), HasSubstr("bad_argument")) << "and later it is";
}

TEST_F(webhook_desk_test, a_challenge_hears_its_own_text) {
  auto ask = [&](const std::string& source, const std::string& target) {
    auto said = desk->answer_challenge(source, {"GET", target, {}, ""});
    return said ? *said : to_string(said.error());
  };
  EXPECT_EQ(ask("shop", "/hooks/shop?challenge=4711"), "4711");
  EXPECT_THAT(ask("shop", "/hooks/shop"), HasSubstr("bad_argument"));
  EXPECT_THAT(ask("graph", "/hooks/graph?challenge=4711"), HasSubstr("not_found"));
}

#include <gmock/gmock.h>

#include "tests/support/scenario.hpp"

namespace lode::test {
namespace {

using testing::HasSubstr;

constexpr int64_t changed_at = 1717200000000; // 2024-06-01
const std::string when = R"("updatedAt":"2024-06-01T00:00:00.000Z")";

struct records_scenario : testing::Test {
  records_scenario() {
    for (const auto& line : world.control_lines("/control/truth?tenant=crm-000"))
      keys.push_back(text_in(line, "key"));
  }

  static constexpr auto contacts = "    name: contacts\n";
  static constexpr auto contacts_with_schema = R"(    name: contacts
    schema_loader:
      type: InlineSchemaLoader
      schema:
        type: object
        properties:
          id: {type: string}
          properties: {type: [object, "null"]}
          updatedAt: {type: string, format: date-time}
          n: {type: integer}
)";

  static scenario_settings two_crms() {
    scenario_settings settings;
    settings.tenants = 2;
    settings.dialects = "crm";
    settings.records = "contacts=100";
    settings.source_edits = {{"step: P91D", "step: P3650D"}, {"max_retries: 3", "max_retries: 1"}, {contacts, contacts_with_schema}};
    return settings;
  }
  void put(const std::string& key, const std::string& text) {
    world.control("/control/mutate", {{"ops", json::array{json::object{{"op", "edit"}, {"tenant", "crm-000"}, {"stream", "contacts"},
                                                                       {"key", key}, {"at", changed_at}, {"raw", text}}}}});
  }
  static std::string deep(const std::string& key, size_t levels) {
    return R"({"id":")" + key + R"(",)" + when + R"(,"deep":)" + std::string(levels, '[') + std::string(levels, ']') + "}";
  }
  /// As the API would give it out, or "".
  std::string stored(const std::string& key) {
    auto answer = world.api_text("GET", "/api/v1/tenants/crm-000/connections/main/streams/contacts/records?limit=1000");
    auto at = answer.body.find("\"key\":\"" + key + "\"");
    return at == std::string::npos ? "" : answer.body.substr(at, answer.body.find('\n', at) - at);
  }
  int64_t dead_letters() { return world.number("SELECT count(*) FROM dead_letter"); }

  scenario world{two_crms()};
  std::vector<std::string> keys;
};

TEST_F(records_scenario, awkward_records_are_kept_to_the_letter) {
  put(keys[0], R"({"id":")" + keys[0] + R"(",)" + when + R"(,"n":123456789012345678901234567890,"m":-9223372036854775809})");
  put(keys[1], R"({"id":")" + keys[1] + R"(",)" + when + R"(,"s":"a\ud800b"})");
  put(keys[2], R"({"id":")" + keys[2] + R"(",)" + when + R"(,"s":"a\u0000b","t":"\u0000"})");
  put(keys[3], deep(keys[3], 500));
  world.start_node();
  world.import_tenants();
  world.await_runs();
  EXPECT_TRUE(is_verified(world.audit())) << world.audit_text();
  EXPECT_EQ(dead_letters(), 0);
  EXPECT_THAT(stored(keys[0]), HasSubstr("123456789012345678901234567890"));
}

TEST_F(records_scenario, awkward_records_are_read_in_SQL_by_the_columns_that_their_source_declares) {
  put(keys[0], R"({"id":")" + keys[0] + R"(",)" + when + R"(,"n":7,"properties":{"s":"a\u0000b"}})");
  put(keys[1], R"({"id":")" + keys[1] + R"(",)" + when + R"(,"n":1e400,"properties":{"s":"ab"}})");
  world.start_node();
  world.import_tenants();
  world.await_runs();
  const auto count = [&](const std::string& condition) {
    return world.number("SELECT count(*) FROM lode_views.crm__contacts WHERE " + condition);
  };
  EXPECT_EQ(count("tenant = 'crm-000' AND connection = 'main' AND id = key"), 100);
  EXPECT_EQ(count("tenant = 'crm-001' AND properties IS NOT NULL AND \"updatedAt\" IS NOT NULL"), 100);
  EXPECT_EQ(count("key = '" + keys[0] + "' AND n = 7 AND properties IS NULL AND \"updatedAt\" = '2024-06-01T00:00:00Z'"), 1);
  EXPECT_EQ(count("key = '" + keys[1] + "' AND n IS NULL AND properties ->> 's' = 'ab'"), 1);
}

TEST_F(records_scenario, a_number_beyond_all_doubles_is_kept_to_the_letter) {
  put(keys[0], R"({"id":")" + keys[0] + R"(",)" + when + R"(,"n":1e400})");
  world.start_node();
  world.import_tenants();
  world.await_runs();
  EXPECT_EQ(dead_letters(), 0);
  EXPECT_THAT(stored(keys[0]), HasSubstr("1e400"));
  EXPECT_EQ(world.number("SELECT count(*) FROM record"), 200);
}

TEST_F(records_scenario, records_without_a_usable_key_are_dead_letters_and_the_others_of_their_page_commit) {
  put(keys[0], R"({"id":"a\u0000b",)" + when + "}");
  put(keys[1], R"({"id":")" + std::string(4000, 'k') + R"(",)" + when + "}");
  put(keys[2], "{" + when + R"(,"without":"key"})");
  world.start_node();
  world.import_tenants();
  world.await_runs();
  EXPECT_EQ(text_in(world.last_run("crm-001"), "phase"), "finished");
  EXPECT_EQ(dead_letters(), 3);
  EXPECT_EQ(number_in(world.last_run("crm-000"), "dead"), 3) << json::serialize(world.last_run("crm-000"));
  EXPECT_EQ(world.number("SELECT count(*) FROM record"), 197);
  EXPECT_FALSE(is_verified(world.audit()));
  EXPECT_TRUE(is_verified(world.audit({"--accept-dead-letters"}))) << world.audit_text();
}

TEST_F(records_scenario, a_record_that_is_nested_too_deep_to_read_costs_no_other_of_its_page) {
  put(keys[0], deep(keys[0], 5000));
  world.start_node();
  world.import_tenants();
  world.await_runs();
  EXPECT_EQ(dead_letters(), 1) << json::serialize(world.last_run("crm-000"));
  EXPECT_EQ(world.number("SELECT count(*) FROM record"), 199);
}

} // namespace
} // namespace lode::test

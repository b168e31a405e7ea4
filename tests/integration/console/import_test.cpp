#include "tests/integration/console/console_fixture.hpp"

using namespace lode;
using testing::HasSubstr;
using testing::Not;

struct import_test : console_fixture {
  void SetUp() override { expect(200, "PUT", "/api/v1/sources/api", "fine"); }
};

TEST_F(import_test, lines_become_tenants_and_connections_and_again_change_nothing) {
  std::string lines = R"({"tenant":"a","connection":"x","source":"api","secrets":{"api_key":"s1"}}
{"tenant":"a","connection":"y","source":"api"}

{"tenant":"b","connection":"x","source":"api"}
)";
  auto first = expect(200, "POST", "/api/v1/import", lines);
  EXPECT_EQ(json::serialize(first), R"({"lines":4,"stopped":false,"tenants_created":2,"connections":3,"errors":[]})");
  auto before = client().call("GET", "/api/v1/tenants/a/connections").body;
  auto again = expect(200, "POST", "/api/v1/import", lines);
  EXPECT_EQ(json::serialize(again), R"({"lines":4,"stopped":false,"tenants_created":0,"connections":3,"errors":[]})");
  EXPECT_EQ(client().call("GET", "/api/v1/tenants/a/connections").body, before);
}

TEST_F(import_test, a_wrong_line_is_told_with_its_number_and_the_others_are_taken) {
  auto answer = expect(200, "POST", "/api/v1/import",
                       "{\"tenant\":\"a\",\"connection\":\"x\",\"source\":\"api\"}\nnot json\n"
                       "{\"tenant\":\"b\",\"connection\":\"x\",\"source\":\"none\",\"secrets\":{\"api_key\":\"hunter2\"}}\n"
                       "{\"tenant\":\"c\",\"connection\":\"x\",\"source\":\"api\"}");
  EXPECT_EQ(answer.at("connections"), json::value(2));
  const auto& errors = answer.at("errors").as_array();
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_EQ(errors[0].at("line"), json::value(2));
  EXPECT_EQ(errors[1].at("line"), json::value(3));
  EXPECT_EQ(errors[1].at("tenant"), json::value("b"));
  EXPECT_EQ(answer.at("tenants_created"), json::value(2)) << "a refused line leaves nothing behind";
  expect(404, "GET", "/api/v1/tenants/b");
  EXPECT_THAT(json::serialize(answer), Not(HasSubstr("hunter2")));
}

TEST_F(import_test, an_import_stops_at_the_line_at_which_the_store_went_away) {
  database.inject(memory_fault::unavailable, 1);
  auto answer = expect(200, "POST", "/api/v1/import", "{\"tenant\":\"a\",\"connection\":\"x\",\"source\":\"api\"}\n"
                                                      "{\"tenant\":\"b\",\"connection\":\"x\",\"source\":\"api\"}");
  EXPECT_EQ(answer.at("lines"), json::value(1));
  EXPECT_TRUE(answer.at("stopped").as_bool());
  EXPECT_EQ(answer.at("errors").as_array().size(), 1u);
}

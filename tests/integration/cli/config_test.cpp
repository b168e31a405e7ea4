#include "config/load.hpp"
#include "tests/integration/cli/cli_fixture.hpp"

using namespace lode;
using testing::HasSubstr;
using testing::Not;

struct config_test : cli_fixture {};

TEST_F(config_test, the_settings_in_force_are_shown_as_json_without_secrets) {
  auto shown = run("config show --json --set security.key_file=lode.key --set store.dsn='host=db password=hunter2' --set store.group_rows=7 --set http.no_proxy=a,b");
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, Not(HasSubstr("hunter2")));
  auto settings = json::parse(shown.out);
  EXPECT_EQ(settings.at("store").at("dsn"), json::value("***"));
  EXPECT_EQ(settings.at("store").at("group_rows"), json::value(7));
  EXPECT_EQ(settings.at("store").at("group_wait"), json::value("5ms"));
  EXPECT_EQ(settings.at("http").at("no_proxy").at(1), json::value("b"));
}

TEST_F(config_test, the_example_in_json_is_a_configuration_that_changes_nothing) {
  auto path = file("lode.json", run("config example --json").out);
  auto loaded = load_settings({path, {}, {}});
  ASSERT_TRUE(loaded.mistakes.empty()) << to_string(loaded.mistakes[0]);
  EXPECT_EQ(show_settings(loaded.values), show_settings({}));
}

TEST_F(config_test, the_help_in_json_names_each_setting_with_bounds_and_meaning) {
  auto help = json::parse(run("config help --json").out);
  EXPECT_EQ(help, json::parse(run("serve --help-config --json").out));
  json::object rows, level;
  for (const auto& each : help.as_array())
    if (each.at("key") == json::value("store.group_rows"))
      rows = each.as_object();
    else if (each.at("key") == json::value("log.level"))
      level = each.as_object();
  EXPECT_EQ(rows["default"], json::value(2000));
  EXPECT_EQ(rows["least"], json::value(1));
  EXPECT_EQ(rows["environment"], json::value("LODE_STORE_GROUP_ROWS"));
  EXPECT_THAT(std::string{rows["help"].as_string()}, HasSubstr("so many records"));
  EXPECT_EQ(level["one_of"].as_array().size(), 5u);
}

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "config/load.hpp"

using namespace lode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

/// A file that lives as long as the test.
struct settings_file {
  explicit settings_file(const std::string& text) {
    close(mkstemp(path));
    std::ofstream{path} << text;
  }
  ~settings_file() { std::remove(path); }
  char path[40] = "/tmp/lode-settings-XXXXXX";
};

std::vector<std::string> mistakes_of(const settings_sources& sources) {
  std::vector<std::string> out;
  for (const auto& mistake : load_settings(sources).mistakes)
    out.push_back(to_string(mistake));
  return out;
}

} // namespace

TEST(settings_test, defaults_are_valid) {
  EXPECT_THAT(mistakes_of({}), IsEmpty());
}

TEST(settings_test, the_example_file_is_what_the_declarations_say) {
  std::ifstream file{"config/examples/lode.yaml"};
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), example_yaml()) << "renew it: lode config example > config/examples/lode.yaml";
}

TEST(settings_test, the_example_file_loads_and_changes_nothing) {
  auto loaded = load_settings({"config/examples/lode.yaml", {}, {}});
  EXPECT_THAT(mistakes_of({"config/examples/lode.yaml", {}, {}}), IsEmpty());
  EXPECT_EQ(show_settings(loaded.values), show_settings({}));
}

TEST(settings_test, the_command_line_beats_the_environment_and_that_beats_the_file) {
  settings_file file{"store:\n  group_rows: 1\n  group_wait: 1ms\n  retry_min: 1ms\n"};
  auto loaded = load_settings({file.path,
                               {{"LODE_STORE_GROUP_ROWS", "2"}, {"LODE_STORE_GROUP_WAIT", "2ms"}},
                               {"store.group_rows=3"}});
  EXPECT_THAT(loaded.mistakes, IsEmpty());
  EXPECT_EQ(loaded.values.store.group_rows, 3u);
  EXPECT_EQ(loaded.values.store.group_wait, 2ms);
  EXPECT_EQ(loaded.values.store.retry_min, 1ms);
}

TEST(settings_test, every_mistake_is_told_at_once_with_key_value_bounds_and_place) {
  settings_file file{"store:\n  group_rows: many\n  group_wait: 1h\nhtttp:\n  threads: 1\nlog:\n  level: loud\n"};
  auto path = std::string{file.path};
  EXPECT_THAT(mistakes_of({file.path, {{"LODE_NODE_WRITERS", "99"}}, {"mining.widow=2"}}),
              testing::UnorderedElementsAre(
                AllOf(HasSubstr(path + ":2: store.group_rows"), HasSubstr("\"many\""), HasSubstr("1 to 50000")),
                AllOf(HasSubstr(path + ":3: store.group_wait"), HasSubstr("\"1h\""), HasSubstr("0s to 1s")),
                AllOf(HasSubstr(path + ":5: htttp.threads"), HasSubstr("did you mean http.threads?")),
                AllOf(HasSubstr(path + ":7: log.level"), HasSubstr("trace, debug, info, warning, error")),
                AllOf(HasSubstr("environment LODE_NODE_WRITERS: node.writers"), HasSubstr("1 to 32")),
                AllOf(HasSubstr("--set: mining.widow"), HasSubstr("did you mean mining.window?"))));
}

TEST(settings_test, a_misspelt_variable_of_ours_is_refused_and_those_of_others_are_not) {
  EXPECT_THAT(mistakes_of({"", {{"LODE_HTTP_THREDS", "2"}, {"LODE_CACHE", "/x"}, {"PATH", "/bin"}}, {}}),
              ElementsAre(AllOf(HasSubstr("LODE_HTTP_THREDS"), HasSubstr("LODE_HTTP_THREADS"))));
}

TEST(settings_test, relations_between_keys_are_checked_and_name_the_place) {
  EXPECT_THAT(mistakes_of({"", {}, {"http.connect_timeout=5m"}}),
              ElementsAre(AllOf(HasSubstr("--set: http.connect_timeout"), HasSubstr("http.total_timeout (2m)"))));
  EXPECT_THAT(mistakes_of({"", {}, {"http.max_response_bytes=1 GiB"}}), ElementsAre(HasSubstr("mining.bytes_in_flight")));
}

TEST(settings_test, a_statement_of_a_writer_ends_below_half_the_lease) {
  EXPECT_THAT(mistakes_of({"", {}, {"store.statement_timeout=2s"}}), ElementsAre(HasSubstr("100ms to 1999ms")));
  EXPECT_THAT(mistakes_of({"", {}, {"store.lock_timeout=2s"}}), testing::Contains(HasSubstr("10ms to 1999ms")));
  EXPECT_THAT(mistakes_of({"", {}, {"store.statement_timeout=1999ms"}}), IsEmpty());
}

TEST(settings_test, retries_have_bounds_and_the_first_wait_is_not_the_longest) {
  EXPECT_THAT(mistakes_of({"", {}, {"mining.request_retries=101"}}), ElementsAre(HasSubstr("0 to 100")));
  EXPECT_THAT(mistakes_of({"", {}, {"mining.retry_min=2m"}}),
              ElementsAre(AllOf(HasSubstr("mining.retry_min"), HasSubstr("must not be above mining.retry_max (1m)"))));
}

TEST(settings_test, listening_beyond_loopback_needs_a_token) {
  EXPECT_THAT(mistakes_of({"", {}, {"console.listen=0.0.0.0:80"}}), ElementsAre(testing::StartsWith("--set: console.token_file")));
  EXPECT_THAT(mistakes_of({"", {}, {"console.listen=0.0.0.0:80", "console.token_file=/t"}}), IsEmpty());
}

TEST(settings_test, lists_and_maps_come_from_yaml_and_from_text) {
  settings_file file{"http:\n  no_proxy: [a, \"*\"]\n  resolve: {\"h:443\": 127.0.0.1:99}\n"};
  auto from_file = load_settings({file.path, {}, {}}).values.http;
  auto from_text = load_settings({"", {}, {"http.no_proxy=a,*", "http.resolve=h:443=127.0.0.1:99"}}).values.http;
  EXPECT_THAT(from_file.no_proxy, ElementsAre("a", "*"));
  EXPECT_EQ(from_file.resolve.at("h:443"), "127.0.0.1:99");
  EXPECT_EQ(from_file.no_proxy, from_text.no_proxy);
  EXPECT_EQ(from_file.resolve, from_text.resolve);
}

TEST(settings_test, a_broken_or_missing_file_is_a_mistake_with_its_place) {
  settings_file file{"store:\n  dsn: [\n"};
  EXPECT_THAT(mistakes_of({file.path, {}, {}}), ElementsAre(HasSubstr(std::string{file.path} + ":")));
  EXPECT_THAT(mistakes_of({"/nowhere.yaml", {}, {}}), ElementsAre(HasSubstr("/nowhere.yaml: the file cannot be read")));
}

TEST(settings_test, a_key_that_stands_twice_is_refused) {
  settings_file file{"store:\n  group_rows: 1\n  group_rows: 2\n"};
  EXPECT_THAT(mistakes_of({file.path, {}, {}}), ElementsAre(HasSubstr(":3: store.group_rows: this key stands")));
}

TEST(settings_test, secrets_are_never_shown) {
  settings values;
  values.store.dsn = "password=hunter2";
  values.security.key = "hunter2";
  EXPECT_THAT(show_settings(values), AllOf(HasSubstr("store.dsn=***"), Not(HasSubstr("hunter2"))));
}

TEST(cluster_settings, an_address_for_others_must_be_one_that_they_can_reach) {
  auto mistakes = [](const std::string& listen, const std::string& advertise) {
    settings s;
    s.cluster.listen = listen;
    s.cluster.advertise = advertise;
    s.cluster.certificate_file = s.cluster.key_file = s.cluster.ca_file = "f";
    int found = 0;
    for (const auto& mistake : check_relations(s))
      found += mistake.key == "cluster.advertise";
    return found;
  };
  EXPECT_EQ(mistakes("10.0.0.5:7789", ""), 0);
  EXPECT_EQ(mistakes("0.0.0.0:7789", ""), 1); // which one would others be told?
  EXPECT_EQ(mistakes("0.0.0.0:7789", "n1.example:7789"), 0);
  for (const auto* bad : {"n1", "n1:", ":7789", "n1:0", "n1:70000", "n1:x", "0.0.0.0:7789", "[::]:7789"})
    EXPECT_EQ(mistakes("0.0.0.0:7789", bad), 1) << bad;
}

#include <future>

#include "config/load.hpp"
#include "tests/integration/cli/cli_fixture.hpp"
#include "tests/support/test_certificates.hpp"
#include "tests/support/claims.hpp"

using namespace lode;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct cli_test : cli_fixture {};

TEST_F(cli_test, help_has_examples_and_succeeds_everywhere) {
  for (auto command : {"serve", "tenant import", "connection put", "source lint", "run trigger", "status", "export", "complete", "changes",
                       "state set", "migrate", "restored", "doctor", "version", "config example"}) {
    auto result = run(std::string{command} + " --help");
    EXPECT_EQ(result.code, 0) << command;
    EXPECT_THAT(result.out, HasSubstr("Examples:\n  ")) << command;
  }
  EXPECT_EQ(run("--help").code, 0);
}

TEST_F(cli_test, help_and_version_come_in_the_forms_that_people_try) {
  EXPECT_EQ(run("help").out, run("--help").out);
  EXPECT_EQ(run("help tenant list").out, run("tenant list --help").out);
  EXPECT_EQ(run("tenant help").out, run("tenant --help").out);
  EXPECT_EQ(run("--version").out, run("version").out);
  EXPECT_EQ(run("help").code, 0);
}

TEST_F(cli_test, help_tells_names_defaults_and_bounds_and_where_the_common_options_are) {
  auto list = run("tenant list --help").out;
  EXPECT_THAT(list, AllOf(HasSubstr("--limit NUMBER"), HasSubstr("(1 to 1000; default 100)"), HasSubstr("Common options (--json, --node, --config, ...): lode --help")));
  EXPECT_THAT(run("tenant show --help").out, AllOf(HasSubstr("tenant show [OPTIONS] TENANT"), Not(HasSubstr("UINT"))));
}

TEST_F(cli_test, a_misspelt_word_is_named_with_the_nearest_one) {
  EXPECT_THAT(run("tenat list").err, StartsWith("error: there is no command \"lode tenat\"; did you mean tenant?"));
  EXPECT_THAT(run("tenant lst --limit 5").err, StartsWith("error: there is no command \"lode tenant lst\"; did you mean list?"));
  EXPECT_THAT(run("config shw").err, HasSubstr("did you mean show?"));
  EXPECT_THAT(run("tenant list --limt 5").err, StartsWith("error: lode tenant list: there is no option --limt; did you mean --limit?"));
  EXPECT_THAT(run("version now").err, StartsWith("error: lode version: found \"now\", expected no further argument"));
  EXPECT_THAT(run("tenant").err, HasSubstr("a command is missing, one of create, list"));
  EXPECT_THAT(run("run show abc").err, HasSubstr("RUN: found \"abc\", expected a whole number"));
  EXPECT_THAT(run("tenant list --limit 5000").err, HasSubstr("--limit: found \"5000\", expected a whole number, 1 to 1000"));
  EXPECT_EQ(run("tenat list").code, 2);
}

TEST_F(cli_test, a_node_has_an_http_address) {
  auto result = run("--node ftp://x tenant list");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--node: found \"ftp://x\", expected http://HOST:PORT"));
}

TEST_F(cli_test, wrong_arguments_and_settings_are_exit_code_2) {
  EXPECT_EQ(run("").code, 2);
  EXPECT_EQ(run("tenant").code, 2);
  EXPECT_EQ(run("tenant create").code, 2);
  EXPECT_EQ(run("nonsense").code, 2);
  auto result = run("serve --set store.group_rows=0 --set htp.threads=1");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("store.group_rows: found \"0\", allowed is 1 to 50000"), HasSubstr("did you mean http.threads?")));
  EXPECT_THAT(run("serve").err, HasSubstr("store.dsn is not set"));
}

TEST_F(cli_test, no_node_is_exit_code_3_and_says_how_to_start_one) {
  auto result = run("--node http://127.0.0.1:1 status");
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("no node answers at http://127.0.0.1:1"), HasSubstr("lode serve --config")));
}

TEST_F(cli_test, version_and_example_need_no_node) {
  EXPECT_THAT(run("version").out, StartsWith("lode "));
  EXPECT_THAT(run("version --json").out, StartsWith("{\"version\":"));
  EXPECT_EQ(run("config example").out, example_yaml());
}

TEST_F(cli_test, a_tenant_goes_through_its_life) {
  start();
  EXPECT_EQ(run("tenant create acme").code, 0);
  EXPECT_EQ(run("tenant create acme").code, 5);
  EXPECT_THAT(run("tenant list").out, AllOf(HasSubstr("TENANT  STATE"), HasSubstr("acme    active")));
  EXPECT_EQ(json::parse(run("tenant show acme --json").out).at("name"), json::value("acme"));
  EXPECT_THAT(run("tenant pause acme").out, HasSubstr("acme: paused"));
  EXPECT_EQ(run("tenant show nobody").code, 4);
  EXPECT_EQ(run("tenant remove acme").code, 2);
  EXPECT_THAT(run("tenant remove acme --yes").out, HasSubstr("acme: erased"));
}

TEST_F(cli_test, connections_are_made_shown_and_their_secrets_masked) {
  make_acme();
  auto put = run("connection put acme shop " + file("shop.json", R"({"source":"api","secrets":{"token":"hunter2"},"streams":["posts"]})"));
  EXPECT_EQ(put.code, 0) << put.err;
  EXPECT_THAT(put.out, AllOf(HasSubstr("streams: posts"), HasSubstr("***"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(run("connection list acme").out, HasSubstr("shop        api     active  posts"));
  EXPECT_EQ(run("connection put acme shop " + file("bad.json", R"({"sorce":"api"})")).code, 2);
  EXPECT_EQ(run("connection pause acme shop --reason lunch").code, 0);
  EXPECT_EQ(run("run trigger acme shop").code, 5);
  EXPECT_EQ(run("connection resume acme shop").code, 0);
  EXPECT_THAT(run("run trigger acme shop").out, StartsWith("asked for a manual run"));
  EXPECT_THAT(run("run trigger acme shop").out, StartsWith("already asked for a manual run"));
  EXPECT_THAT(run("run list acme shop").out, StartsWith("RUN"));
}

TEST_F(cli_test, what_is_owed_is_exit_code_8_with_a_table_and_what_to_do) {
  make_acme();
  auto owed = run("complete acme posts --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z");
  EXPECT_EQ(owed.code, 8) << owed.err;
  EXPECT_THAT(owed.out, AllOf(HasSubstr("not complete: posts, from 2026-01-01T00:00:00Z to 2026-02-01T00:00:00Z"),
                              HasSubstr("PARTITION  FROM"), HasSubstr("not_read: the next run reads it, or lode run trigger acme crm")));
  auto as_json = run("--json complete acme posts --connection crm");
  EXPECT_EQ(as_json.code, 8);
  EXPECT_EQ(json::parse(as_json.out).at("complete"), json::value(false));
  EXPECT_EQ(run("complete acme posts --from soon").code, 2);
  EXPECT_EQ(run("complete acme nothing").code, 4);
  EXPECT_EQ(run("complete nobody posts").code, 4);
}

TEST_F(cli_test, what_is_complete_is_exit_code_0) {
  make_acme();
  auto runs = database.make_run_store(self);
  auto claims = claim_everything(*database.make_membership_store(self), "n1", self);
  auto row = *database.make_catalog_store()->load_connection(connection_id{1});
  auto claim = *std::ranges::find(*claims, row.shard, &shard_claim::shard);
  auto posts = std::ranges::find(row.streams, "posts", &stream_row::name)->id;
  auto started = *runs->start_run({row.id, claim, run_kind::manual, {{posts, "", {}, ""}}, {}, {}});
  page_commit last;
  last.tenant = row.tenant;
  last.connection = row.id;
  last.stream = posts;
  last.shard = row.shard;
  last.epoch = claim.epoch;
  last.move = {started.opened[0], started.run, 0, continuation_phase::closed, "", ""};
  ASSERT_EQ(database.make_page_store(self, 0)->commit({&last, 1})[0].status, commit_status::committed);
  auto result = run("complete acme posts --to 1970-01-01T00:00:01Z"); // the store in memory counts seconds from 1970 on
  EXPECT_EQ(result.code, 0) << result.err << result.out;
  EXPECT_EQ(result.out, "complete: posts, from the beginning to 1970-01-01T00:00:01Z\n");
}

TEST_F(cli_test, completeness_is_asked_of_the_only_connection_or_of_the_one_that_is_named) {
  make_acme();
  ASSERT_EQ(run("connection put acme shop " + file("shop.json", R"({"source":"api"})")).code, 0);
  auto result = run("complete acme posts");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("tenant acme has several connections: name one of crm, shop with --connection"));
  EXPECT_EQ(run("complete acme posts --connection shop").code, 8);
}

TEST_F(cli_test, what_is_heard_live_and_what_was_not_is_to_be_seen) {
  make_acme();
  EXPECT_THAT(run("status").out, Not(HasSubstr("live:"))) << "nothing is";
  auto claims = claim_everything(*database.make_membership_store(self), "n1", self);
  auto row = *database.make_catalog_store()->load_connection(connection_id{1});
  live_subscription subscription{row.id, *std::ranges::find(*claims, row.shard, &shard_claim::shard), 1};
  auto live = database.make_live_store(self);
  const auto second = [](int n) { return instant{std::chrono::seconds{n}}; };
  ASSERT_TRUE(live->begin_listening({subscription, row.edition, second(100)}));
  EXPECT_THAT(run("connection show acme crm").out, HasSubstr("live: listening since 1970-01-01T00:01:40Z"));
  ASSERT_FALSE(live->end_listening(subscription, second(160), "reset by peer"));
  EXPECT_THAT(run("connection show acme crm").out, AllOf(HasSubstr("live: silent since"), HasSubstr("reset by peer")));
  auto status = run("status").out;
  EXPECT_THAT(status, AllOf(HasSubstr("live: listening 0, silent 1; gaps owed 2, repairing 0, deletes unverified 0, the oldest "),
                            HasSubstr("rechecks waiting 0"), HasSubstr("reset by peer")));
  EXPECT_EQ(json::parse(run("status --json").out).at("open_gaps").as_array().size(), 2u);
  auto gaps = run("connection gaps acme crm --limit 1").out;
  EXPECT_THAT(gaps, AllOf(HasSubstr("GAP  STATE"), HasSubstr("reset by peer"), HasSubstr("more: lode connection gaps acme crm --limit 1 --before 2")));
  EXPECT_THAT(run("connection gaps acme crm --before 2").out, Not(HasSubstr("reset by peer")));
  EXPECT_THAT(run("connection rechecks acme crm").out, StartsWith("STREAM  KEY"));
  EXPECT_EQ(run("connection gaps acme nothing").code, 4);
}

TEST_F(cli_test, the_status_says_how_many_stopped_connections_it_leaves_out_and_how_to_see_them) {
  make_acme();
  std::string lines;
  for (int i = 0; i < 202; ++i)
    lines += R"({"tenant":"acme","connection":"c)" + std::to_string(i) + R"(","source":"api"})" + "\n";
  ASSERT_EQ(run("tenant import " + file("tenants.jsonl", lines)).code, 0);
  ASSERT_EQ(run("tenant pause acme").code, 0);
  EXPECT_THAT(run("status").out, HasSubstr("and 3 more: lode status --json"));
  EXPECT_EQ(json::parse(run("status --json").out).at("stopped").as_array().size(), 203u);
}

TEST_F(cli_test, an_import_counts_and_names_wrong_lines) {
  make_acme();
  std::string lines;
  for (int i = 0; i < 601; ++i)
    lines += R"({"tenant":"t)" + std::to_string(i) + R"(","connection":"x","source":")" + (i == 550 ? "none" : "api") + "\"}\n";
  auto path = file("tenants.jsonl", lines);
  auto first = run("tenant import " + path);
  EXPECT_EQ(first.code, 1);
  EXPECT_THAT(first.out, HasSubstr("600 connections of 601 lines, 600 new tenants"));
  EXPECT_THAT(first.err, HasSubstr("tenants.jsonl:551: there is no source none"));
  auto again = json::parse(run("tenant import --json " + path).out);
  EXPECT_EQ(again.at("tenants_created"), json::value(0));
}

TEST_F(cli_test, an_import_that_fails_halfway_tells_the_wrong_lines_before_and_how_far_it_came) {
  make_acme();
  std::string lines;
  for (int i = 1; i <= 501; ++i)
    lines += R"({"tenant":"t)" + std::to_string(i) + R"(","connection":"x","source":")" + (i == 3 ? "none" : "api") + "\"}\n";
  lines.insert(lines.size() - 2, R"(,"configuration":{"note":")" + std::string(70'000, 'x') + "\"}"); // longer than console.max_body
  auto path = file("tenants.jsonl", lines);
  auto result = run("tenant import " + path);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("tenants.jsonl:3: there is no source none"), HasSubstr("stopped after line 500")));
  EXPECT_THAT(result.out, HasSubstr("499 connections of 500 lines"));
  auto as_json = run("tenant import --json " + path);
  EXPECT_EQ(json::parse(as_json.err).at("code"), json::value("bad_argument"));
  auto total = json::parse(as_json.out);
  EXPECT_EQ(total.at("lines"), json::value(500));
  EXPECT_EQ(total.at("errors").at(0).at("line"), json::value(3));
  EXPECT_FALSE(total.at("complete").as_bool());
}

TEST_F(cli_test, an_import_ends_at_the_line_at_which_the_database_went_away) {
  make_acme();
  database.inject(memory_fault::unavailable, 1);
  auto result = run("tenant import " + file("tenants.jsonl", R"({"tenant":"a","connection":"x","source":"api"})" "\n"
                                                             R"({"tenant":"b","connection":"x","source":"api"})" "\n"));
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.err, AllOf(HasSubstr("tenants.jsonl:1: "), HasSubstr("stopped after line 0")));
}

TEST_F(cli_test, a_file_of_one_line_at_which_the_database_went_away_is_not_complete) {
  make_acme();
  database.inject(memory_fault::unavailable, 1);
  auto result = run("tenant import --json " + file("tenants.jsonl", R"({"tenant":"a","connection":"x","source":"api"})" "\n"));
  EXPECT_EQ(result.code, 7);
  EXPECT_FALSE(json::parse(result.out).at("complete").as_bool());
}

TEST_F(cli_test, status_state_export_and_changes_answer) {
  make_acme();
  EXPECT_THAT(run("status").out, AllOf(HasSubstr("node n1"), HasSubstr("waiting for quota 3"), HasSubstr("tenants: 1 active")));
  EXPECT_THAT(run("state get acme crm").out, HasSubstr("KNOWN UP TO"));
  EXPECT_EQ(run("state set acme crm " + file("state.json", R"({"cursors":[{"stream":"posts","was":"2026-01-01T00:00:00Z"}]})")).code, 5);
  auto shown = run("state get acme crm --json");
  EXPECT_THAT(run("state set acme crm " + file("shown.json", shown.out)).out, StartsWith("0 changed"));
  EXPECT_EQ(run("export acme crm posts").code, 0);
  EXPECT_EQ(run("export acme crm nothing").code, 4);
  auto changes = run("changes acme");
  EXPECT_EQ(changes.code, 0);
  EXPECT_THAT(changes.err, HasSubstr("--after "));
  EXPECT_EQ(run("changes nobody --follow").code, 4);
}

TEST_F(cli_test, who_follows_changes_gets_those_that_are_committed_meanwhile) {
  make_acme();
  auto connection = *database.make_catalog_store()->load_connection(connection_id{1});
  auto claims = *claim_everything(*database.make_membership_store(self), "n1", self);
  page_commit page;
  page.tenant = connection.tenant;
  page.connection = connection.id;
  page.stream = connection.streams.at(0).id;
  page.shard = connection.shard;
  page.epoch = std::ranges::find(claims, connection.shard, &shard_claim::shard)->epoch;
  auto commit = [&, pages = database.make_page_store(self)](const std::string& key) {
    page.changes = {{change_kind::inserted, key, "{}", {1, 2}, {0, 1, 1}}};
    EXPECT_EQ(pages->commit({&page, 1})[0].status, commit_status::committed);
  };
  commit("first");
  auto follower = std::async(std::launch::async, [this] { return run("changes acme --follow --limit 2"); });
  commit("second");
  auto result = follower.get();
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"first\""), HasSubstr("\"second\"")));
  EXPECT_THAT(result.err, HasSubstr("--after "));
  for (const std::string& command : {std::string{"changes acme"}, std::string{"changes acme --follow"}, "export acme crm " + connection.streams.at(0).name}) {
    auto unwritten = run(command + " > /dev/full");
    EXPECT_EQ(unwritten.code, 1) << command << ": " << unwritten.err;
    EXPECT_THAT(unwritten.err, AllOf(HasSubstr("cannot be written"), Not(HasSubstr("next:")))) << command;
  }
}

TEST_F(cli_test, an_airbyte_state_is_taken_over_from_its_file) {
  make_acme();
  EXPECT_THAT(run("state set acme crm --airbyte " + file("airbyte.json", "posts")).out, StartsWith("1 changed"));
  EXPECT_THAT(run("state get acme crm").out, HasSubstr("1970-01-01T02:00:00Z"));
  auto refused = run("state set acme crm --airbyte " + file("airbyte.json", "other"));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("stream nothing"));
  EXPECT_EQ(run("state set acme crm").code, 2);
  EXPECT_EQ(run("state set acme crm a.json --airbyte b.json").code, 2);
}

TEST_F(cli_test, a_source_is_shown_as_it_was_put_and_removed_when_nobody_uses_it) {
  start();
  const auto api = file("api.yaml", "# fine\n");
  ASSERT_EQ(run("source put " + api).code, 0);
  EXPECT_THAT(run("source put " + api).out, HasSubstr("api: unchanged"));
  EXPECT_EQ(run("source show api --manifest").out, "# fine\n");
  ASSERT_EQ(run("tenant create acme").code, 0);
  ASSERT_EQ(run("connection put acme shop " + file("shop.json", R"({"source":"api"})")).code, 0);
  EXPECT_THAT(run("source show api").out, AllOf(HasSubstr("1 connection\n"), HasSubstr("streams: contacts,posts")));
  EXPECT_THAT(run("source put " + file("api.yaml", "fine, too")).out, AllOf(HasSubstr("api: changed"), HasSubstr("1 connection uses it from now on")));
  EXPECT_THAT(run("source remove api").err, HasSubstr("Repeat it with --yes"));
  EXPECT_THAT(run("source remove api --yes").err, HasSubstr("use source 'api'"));
  ASSERT_EQ(run("source put " + file("spare.yaml", "fine")).code, 0);
  EXPECT_EQ(run("source remove spare --yes").out, "spare: removed\n");
  EXPECT_NE(run("source show spare").code, 0);
}

TEST_F(cli_test, a_source_is_put_with_its_notes) {
  start();
  EXPECT_THAT(run("source put " + file("api.yaml", "fine")).out, HasSubstr("api: stored"));
  auto broken = run("source put " + file("api.yaml", "broken"));
  EXPECT_EQ(broken.code, 2);
  EXPECT_THAT(broken.err, HasSubstr("api.yaml:3: error: #/streams: is broken"));
}

TEST_F(cli_test, lint_names_the_line_of_a_warning_and_counts_in_words) {
  auto result = run("source lint " + file("one.yaml", R"(version: 6.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [posts]}
streams:
  - type: DeclarativeStream
    name: posts
    retriever:
      type: SimpleRetriever
      requester: {type: HttpRequester, url_base: "http://a.test", path: posts}
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
)"));
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_THAT(result.out, AllOf(HasSubstr("one.yaml:5: warning: #/streams/0: stream posts: no primary_key"), HasSubstr("usable, 1 stream, 0 not supported, 1 warning\n")));
}

TEST_F(cli_test, lint_needs_no_node_and_tells_file_and_line) {
  auto result = run("source lint " + file("bad.yaml", "version: 6\nstreams: 5\n"));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("bad.yaml:"));
  EXPECT_FALSE(json::parse(run("source lint --json " + file("bad.yaml", "x")).out).at("usable").as_bool());
}

TEST_F(cli_test, a_store_that_is_away_is_exit_code_7) {
  start();
  database.inject(memory_fault::unavailable, 1);
  EXPECT_EQ(run("tenant list").code, 7);
}

TEST_F(cli_test, a_token_is_asked_for_and_taken_from_a_file) {
  settings.token_file = folder + "/tokens";
  auto made = run("token new " + settings.token_file);
  EXPECT_EQ(made.code, 0) << made.err;
  start();
  auto refused = run("tenant list");
  EXPECT_EQ(refused.code, 6);
  EXPECT_THAT(refused.err, HasSubstr("console.token_file"));
  auto token = file("token", made.out);
  EXPECT_EQ(run("tenant list --token-file " + token).code, 0);
  EXPECT_EQ(run("tenant list --token-file " + file("wrong", "lode_0")).code, 6);
  auto hash = run("tenant list --token-file " + settings.token_file);
  EXPECT_EQ(hash.code, 2);
  EXPECT_THAT(hash.err, HasSubstr("the hash of a token"));
}

TEST_F(cli_test, a_token_is_made_once_and_others_are_added) {
  auto tokens = folder + "/tokens";
  EXPECT_EQ(run("token new " + tokens).code, 0);
  EXPECT_EQ(run("token new " + tokens).code, 5);
  auto second = run("token new --json --add " + tokens);
  EXPECT_THAT(std::string{json::parse(second.out).at("token").as_string()}, testing::StartsWith("lode_"));
  EXPECT_EQ(run("token new " + folder + "/nowhere/tokens").code, 2);
}

TEST_F(cli_test, a_node_under_TLS_is_believed_only_with_a_certificate_for_its_name) {
  test::test_authority authority, another;
  auto identity = authority.issue("localhost");
  settings.certificate_file = file("node.pem", identity.certificate);
  settings.key_file = file("node.key", identity.key);
  start();
  const auto at = " --node https://localhost:" + std::to_string(port());
  auto good = run("tenant list" + at + " --ca-file " + authority.file());
  EXPECT_EQ(good.code, 0) << good.err;
  auto unknown = run("tenant list" + at + " --ca-file " + another.file());
  EXPECT_EQ(unknown.code, 3);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("certificate is not accepted"), HasSubstr("--ca-file")));
  EXPECT_EQ(run("tenant list" + at).code, 3) << "this machine does not trust the test's authority";
  auto other_name = run("tenant list --node https://127.0.0.1:" + std::to_string(port()) + " --ca-file " + authority.file());
  EXPECT_EQ(other_name.code, 3);
  EXPECT_THAT(other_name.err, HasSubstr("IP address mismatch"));
  EXPECT_THAT(run("tenant list" + at + " --ca-file " + folder + "/none").err, HasSubstr("/none: expected a readable file"));
}

TEST_F(cli_test, doctor_makes_a_key_once_and_says_what_is_wrong) {
  auto key = folder + "/lode.key";
  EXPECT_EQ(run("doctor --make-key " + key).code, 0);
  EXPECT_EQ(run("doctor --make-key " + key).code, 5);
  EXPECT_EQ(run("doctor --make-key " + folder + "/nowhere/lode.key").code, 1);
  auto made = run("doctor --json --make-key " + folder + "/second.key");
  EXPECT_EQ(json::parse(made.out).at("key_file"), json::value(folder + "/second.key"));
  auto result = run("doctor --json --node 127.0.0.1:1 --set security.key_file=" + key);
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, AllOf(HasSubstr("store.dsn is not set"), HasSubstr("\"what\":\"key\",\"state\":\"ok\"")));
}

TEST_F(cli_test, doctor_says_that_redis_is_not_used_or_not_there) {
  EXPECT_THAT(run("doctor --node 127.0.0.1:1").out, HasSubstr("cache.redis_url"));
  auto away = run("doctor --json --node 127.0.0.1:1 --set cache.redis_url=unix://" + folder + "/nowhere.sock");
  EXPECT_EQ(away.code, 1);
  EXPECT_THAT(away.out, AllOf(HasSubstr("\"what\":\"redis\",\"state\":\"WRONG\""), HasSubstr("nowhere.sock"), HasSubstr("Nodes work without it")));
}

TEST_F(cli_test, a_dsn_that_cannot_be_read_is_refused_and_not_shown) {
  for (auto command : {"migrate", "restored", "doctor --node 127.0.0.1:1"}) {
    auto result = run(std::string{command} + " --set store.dsn='host=db password=correct hunter2'");
    EXPECT_NE(result.code, 0) << command;
    EXPECT_THAT(result.out + result.err, AllOf(HasSubstr("store.dsn: "), Not(HasSubstr("hunter2")))) << command;
  }
}

TEST_F(cli_test, migrate_and_restored_without_a_database_say_so) {
  for (const std::string command : {"migrate", "restored"}) {
    EXPECT_EQ(run(command).code, 2);
    auto result = run(command + " --set store.dsn='host=" + folder + " dbname=none'");
    EXPECT_EQ(result.code, 7) << result.err;
  }
}

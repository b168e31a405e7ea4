#include "tests/integration/cli/scripted_node.hpp"

using namespace lode::test;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Commands for what the console shows and does: what they ask of a node, and what they print.
struct action_commands_test : scripted_node {
  const std::string main = "/api/v1/tenants/acme/connections/main";
};

TEST_F(action_commands_test, why_tells_each_connection_or_the_one_that_is_named) {
  answer("GET /api/v1/tenants/acme/why", R"({"tenant":"acme","connections":[
    {"connection":"main","waits_for":"suspended","since":"2026-11-27T13:48:00Z","until":null,"text":"orders: the API answered 401",
     "help":"Give new credentials.","lateness_seconds":11520,"next_run":null,"unconfirmed_deletes":[]},
    {"connection":"crm","waits_for":"none","since":null,"until":null,"text":"All is read.","help":"","lateness_seconds":0,
     "next_run":"2026-11-27T18:00:00Z","unconfirmed_deletes":[]}]})");
  answer("GET /api/v1/tenants/acme", R"({"name":"acme","state":"active"})");
  auto all = run("why acme");
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_THAT(all.out, AllOf(HasSubstr("acme main: is suspended since 2026-11-27T13:48:00Z ("), HasSubstr("  $ lode connection secrets acme main FILE"),
                             HasSubstr("acme crm: nothing holds it up"), HasSubstr("next run 2026-11-27T18:00:00Z")));
  auto one = run("why acme crm");
  EXPECT_THAT(one.out, AllOf(HasSubstr("acme crm: nothing"), Not(HasSubstr("main"))));
  EXPECT_EQ(json::parse(run("why acme crm --json").out).at("connections").as_array().size(), 1u);
  auto wrong = run("why acme shop");
  EXPECT_EQ(wrong.code, 4);
  EXPECT_THAT(wrong.err, HasSubstr("tenant acme has no connection shop; it has main, crm"));
  EXPECT_EQ(run("why nobody").code, 4);
}

TEST_F(action_commands_test, why_asks_whose_pause_it_is) {
  answer("GET /api/v1/tenants/acme/why", R"({"tenant":"acme","connections":[{"connection":"main","waits_for":"paused"}]})");
  answer("GET /api/v1/tenants/acme", R"({"name":"acme","state":"paused"})");
  EXPECT_THAT(run("why acme").out, HasSubstr("$ lode tenant resume acme\n"));
}

TEST_F(action_commands_test, status_says_what_is_not_known_while_the_store_does_not_answer_and_ends_with_7) {
  answer("GET /api/v1/status", R"({"ready":false,"not_ready_because":"down","store":"cannot connect","node":{"name":"n1"}})");
  answer("GET /api/v1/status?stopped=10000&gaps=10000", R"({"ready":false,"not_ready_because":"down","store":"cannot connect","node":{"name":"n1"}})");
  auto result = run("status");
  EXPECT_EQ(result.code, 7);
  EXPECT_THAT(result.out, AllOf(HasSubstr("tenants: not known"), HasSubstr("connections: not known"), HasSubstr("store cannot connect")));
  EXPECT_EQ(run("status --json").code, 7);
}

TEST_F(action_commands_test, resume_all_resumes_what_is_suspended_and_fits_once_each) {
  answer("GET /api/v1/status?stopped=10000", R"({"store":"ok","stopped":[
    {"tenant":"acme","connection":"main","state":"suspended","reason":"sealed with key c212"},
    {"tenant":"acme","connection":"crm","state":"paused","reason":"sealed with key c212"},
    {"tenant":"bolt","connection":"main","state":"suspended","reason":"sealed with key c212"},
    {"tenant":"core","connection":"main","state":"suspended","reason":"the API answered 401"}]})");
  answer("GET " + main, R"({"tenant":"acme","name":"main","source":"shop"})");
  answer("GET /api/v1/tenants/bolt/connections/main", R"({"tenant":"bolt","name":"main","source":"crm"})");
  answer("PATCH " + main, R"({"tenant":"acme","name":"main","state":"active"})");
  answer("PATCH /api/v1/tenants/bolt/connections/main", R"({"tenant":"bolt","name":"main","state":"active"})");
  auto some = run("connection resume --all --source shop --reason 'sealed with key'");
  EXPECT_EQ(some.code, 0) << some.err;
  EXPECT_THAT(some.out, HasSubstr("resumed 1 connections"));
  EXPECT_TRUE(was_asked("PATCH " + main));
  EXPECT_FALSE(was_asked("PATCH /api/v1/tenants/bolt"));
  auto all = run("connection resume --all --json");
  EXPECT_EQ(json::parse(all.out).at("resumed"), json::value(2));
  EXPECT_EQ(all.code, 1) << "core/main is not there";
  EXPECT_EQ(run("connection resume acme").code, 2);
  EXPECT_EQ(run("connection resume acme main --all").code, 2);
}

TEST_F(action_commands_test, a_tenant_without_connections_waits_for_one) {
  answer("GET /api/v1/tenants/acme/why", R"({"tenant":"acme","connections":[]})");
  EXPECT_THAT(run("why acme").out, HasSubstr("lode connection put acme NAME FILE"));
}

TEST_F(action_commands_test, reset_wants_to_be_sure_and_is_done_once) {
  answer("POST " + main + "/reset", R"({"streams":["contacts","posts"],"cancelled_runs":1})");
  auto unsure = run("connection reset acme main");
  EXPECT_EQ(unsure.code, 2);
  EXPECT_THAT(unsure.err, HasSubstr("--yes"));
  EXPECT_THAT(take_requests(), IsEmpty());
  EXPECT_THAT(run("connection reset acme main --yes").out, HasSubstr("reset contacts,posts; cancelled runs: 1"));
  EXPECT_THAT(keys, ElementsAre(Not(IsEmpty())));
  EXPECT_EQ(run("connection reset acme main --stream posts --stream contacts --yes --command-id abc").code, 0);
  EXPECT_THAT(take_requests(), ElementsAre("POST " + main + "/reset {}", "POST " + main + R"(/reset {"streams":["posts","contacts"]})"));
  EXPECT_EQ(keys.back(), "abc");
}

TEST_F(action_commands_test, a_backfill_says_what_it_reads) {
  answer("POST " + main + "/runs", R"({"answer":"requested"})", 202);
  EXPECT_THAT(run("run trigger acme main --kind backfill --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --stream posts").out,
              HasSubstr("asked for a backfill run"));
  EXPECT_THAT(run("run trigger acme main").out, HasSubstr("asked for a manual run"));
  EXPECT_THAT(take_requests(),
              ElementsAre("POST " + main + R"(/runs {"kind":"backfill","from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z","streams":["posts"]})",
                          "POST " + main + R"(/runs {"kind":"manual"})"));
  auto wrong = run("run trigger acme main --kind full --from 2026-01-01T00:00:00Z");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("expected --kind backfill"));
}

TEST_F(action_commands_test, a_command_that_may_have_been_done_has_its_id_in_the_error) {
  answer("POST " + main + "/runs", R"({"title":"Later","status":503,"code":"store_unavailable","detail":"the store is away"})", 503);
  auto told = json::parse(run("run trigger acme main --json").err);
  EXPECT_EQ(told.at("code"), json::value("store_unavailable"));
  EXPECT_EQ(told.at("command"), json::value(json::string{keys.back()}));
  const auto in_words = run("run trigger acme main").err;
  EXPECT_THAT(in_words, HasSubstr("--command-id " + keys.back()));
  be(mode::hangs_up);
  auto silent = json::parse(run("run trigger acme main --command-id abc --json").err);
  EXPECT_EQ(silent.at("command"), json::value("abc"));
  be(mode::answers);
  answer("POST " + main + "/runs", R"({"title":"No","status":409,"code":"conflict","detail":"it is paused"})", 409);
  EXPECT_FALSE(json::parse(run("run trigger acme main --json").err).as_object().contains("command")) << "it was not done";
}

TEST_F(action_commands_test, runs_of_all_tenants_are_filtered_and_paged) {
  answer("GET /api/v1/runs?limit=20&phase=open&kind=repair&tenant=ac%20me",
         R"({"runs":[{"run":17,"tenant":"ac me","connection":"main","kind":"repair","phase":"open","started":"2026-11-27T17:00:00Z","pages":3}],"next":17})");
  answer("GET /api/v1/runs?limit=20&after=17", R"({"runs":[],"next":null})");
  auto first = run("run list --phase open --kind repair --search 'ac me'");
  EXPECT_THAT(first.out, AllOf(HasSubstr("RUN  TENANT  CONNECTION  KIND"), HasSubstr(" 17  ac me   main        repair"),
                               HasSubstr("more: lode run list --phase open --kind repair --search 'ac me' --after 17")));
  EXPECT_EQ(run("run list --after 17").code, 0);
  answer("GET " + main + "/runs?limit=20", R"({"runs":[]})");
  EXPECT_EQ(run("run list acme main").code, 0);
  EXPECT_EQ(run("run list acme").code, 2);
  EXPECT_EQ(run("run list acme main --phase open").code, 2);
}

TEST_F(action_commands_test, dead_letters_are_listed_and_replayed) {
  answer("GET /api/v1/dead-letters?limit=100",
         R"({"dead_letters":[{"id":7,"tenant":"acme","connection":"main","stream":"posts","run":3,"times":2,"last_seen":"2026-11-27T17:00:00Z",
             "key":"","reason":"no\u001b[2J key","payload":"{}"}],"next":7})");
  answer("GET /api/v1/tenants/acme/dead-letters?limit=5&after=7",
         R"({"dead_letters":[{"id":8,"connection":"main","stream":"posts","run":3,"times":2,"last_seen":"","key":"","reason":""}],"next":null})");
  EXPECT_THAT(run("dead-letter list").out, AllOf(HasSubstr("acme"), HasSubstr("no?[2J key"), HasSubstr("more: lode dead-letter list --after 7")));
  EXPECT_THAT(run("dead-letter list acme --limit 5 --after 7").out, HasSubstr(" 8  acme"));
  answer("POST /api/v1/dead-letters/7/replay", "{}");
  EXPECT_THAT(run("dead-letter replay 7").out, HasSubstr("dead letter 7 is a record now"));
  answer("POST /api/v1/dead-letters/8/replay", R"({"code":"bad_argument","detail":"it has no key still"})", 422);
  auto refused = run("dead-letter replay 8");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("it has no key still"));
  EXPECT_EQ(run("dead-letter replay 9").code, 4);
}

TEST_F(action_commands_test, errors_show_what_was_sent_and_answered) {
  answer("GET " + main + "/errors?limit=20",
         R"({"errors":[{"at":"2026-11-27T16:59:00Z","stream":"orders","partition":"","status":401,"attempt":4,"text":"the API answered 401","run":9,
             "request":"GET /orders HTTP/1.1\r\nauthorization: ***","response":"401 Unauthorized\n\n{\"error\":\"\u001b]0;bad\"}"},
            {"at":"2026-11-27T16:58:00Z","stream":"orders","partition":"eu","status":null,"attempt":3,"text":"timed out","run":9,"request":"","response":""}]})");
  EXPECT_THAT(run("connection errors acme main").out,
              AllOf(HasSubstr("2026-11-27T16:59:00Z  orders  status 401, attempt 4, run 9\n  the API answered 401\n"),
                    HasSubstr("  > authorization: ***\n"), HasSubstr("  < {\"error\":\"?]0;bad\"}\n"), HasSubstr("orders eu  no answer, attempt 3")));
  answer("GET " + main + "/errors?limit=3", R"({"errors":[]})");
  EXPECT_THAT(run("connection errors acme main --limit 3").out, HasSubstr("none of its requests"));
}

TEST_F(action_commands_test, streams_tell_how_far_each_was_read) {
  answer("GET " + main + "/streams", R"({"streams":[{"stream":"orders","partitions":63,"partitions_open":22,"known_up_to":"2026-11-27T16:00:00Z",
    "lateness_seconds":11520,"records":365000,"changed_share":0.002,"owed":1,"cursor":"updated_at","done_share":null}]})");
  EXPECT_THAT(run("connection streams acme main").out, AllOf(HasSubstr("STREAM  KNOWN_UP_TO"), HasSubstr("3h12m"), HasSubstr("0.2 %")));
}

TEST_F(action_commands_test, a_node_tells_its_settings_and_its_log_level) {
  answer("GET /api/v1/settings", R"({"node":"n1","settings":[
    {"name":"console.listen","value":"127.0.0.1:7788","is_default":true,"help":"Where it listens."},
    {"name":"store.dsn","value":"***","is_default":false,"help":"Where PostgreSQL is."}]})");
  EXPECT_THAT(run("settings").out, AllOf(HasSubstr("console.listen"), HasSubstr("store.dsn"), HasSubstr("of node n1"), Not(HasSubstr("Where"))));
  EXPECT_THAT(run("settings console.listen").out, AllOf(HasSubstr("Where it listens."), Not(HasSubstr("store"))));
  EXPECT_THAT(run("settings --changed").out, AllOf(HasSubstr("store.dsn"), Not(HasSubstr("console"))));
  answer("GET /api/v1/log-level", R"({"node":"n1","level":"info"})");
  answer("PUT /api/v1/log-level", R"({"node":"n1","level":"debug"})");
  EXPECT_EQ(run("log-level").out, "node n1 logs info\n");
  EXPECT_THAT(run("log-level debug").out, HasSubstr("node n1 logs debug until it ends"));
  EXPECT_THAT(take_requests(), Contains(R"(PUT /api/v1/log-level {"level":"debug"})"));
}

TEST_F(action_commands_test, the_audit_trail_is_paged) {
  answer("GET /api/v1/audit?limit=1&tenant=acme",
         R"({"entries":[{"id":5,"at":"2026-11-27T17:00:00Z","node":"n1","who":"token","method":"PUT","path":"/api/v1/tenants/acme","tenant":"acme","connection":null,
             "status":200}],"next":5})");
  EXPECT_THAT(run("audit --tenant acme --limit 1").out, AllOf(HasSubstr("token"), HasSubstr("PUT"), HasSubstr("more: lode audit --tenant acme --limit 1 --after 5")));
}

TEST_F(action_commands_test, shards_and_actors_of_the_cluster) {
  answer("GET /api/v1/shards", R"({"nodes":["n1","n2"],"owners":[0,1,1,-1],"epochs":[3,5,7,1],
    "moves":[{"at":"2026-11-27T17:00:00Z","from":"n2","to":null,"shards":1,"because":"n2 was declared gone"}]})");
  EXPECT_THAT(run("cluster shards").out, AllOf(HasSubstr("n2           2  5 to 7"), HasSubstr("nobody       1"), HasSubstr("n2    nobody")));
  answer("GET /api/v1/cluster", R"({"view":4,"asked":"n1","shards":4,"shards_without_node":1,"nodes":[{"name":"n1","state":"member","shards":3,"tenants":2,
    "is_asked":true,"is_silent":false,"link":{"state":"self","why_not":null},
    "figures":{"open_runs":1,"miners":2,"pages_per_second":1.5,"calls":120,"failed_calls":3,"memory_bytes":2040109465},
    "actors":[{"name":"miner","running":2,"mailbox":0,"messages":99,"processing_seconds":1.6,"restarts":1,"parent":"tenant_supervisor"},
              {"name":"writer","running":1,"mailbox":0,"messages":9,"processing_seconds":0.2,"restarts":0,"parent":null}]}]})");
  EXPECT_THAT(run("cluster actors").out, AllOf(HasSubstr("NODE  ACTOR"), HasSubstr("miner"), HasSubstr("tenant_supervisor")));
  EXPECT_THAT(run("cluster status").out, AllOf(HasSubstr("120 (3 failed)"), HasSubstr("1.9 GiB"), HasSubstr("RESTARTS")));
}

TEST_F(action_commands_test, every_one_prints_the_answer_unchanged_with_json_and_has_examples) {
  answer("GET /api/v1/audit?limit=100", R"({"entries":[],"next":null})");
  EXPECT_EQ(run("audit --json").out, R"({"entries":[],"next":null})");
  for (const std::string command : {"top", "why", "connection reset", "connection errors", "connection streams", "dead-letter list", "dead-letter replay", "audit",
                                    "settings", "log-level", "cluster shards", "cluster actors", "run list", "run trigger"})
    EXPECT_THAT(run(command + " --help").out, HasSubstr("Examples:\n  lode " + command)) << command;
}

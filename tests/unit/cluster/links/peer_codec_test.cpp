#include "cluster/links/peer_codec.hpp"

#include <gmock/gmock.h>

#include <random>

#include "messages/actors.hpp"

using namespace lode;
using testing::HasSubstr;

namespace {

/// What arrives when `envelope` is sent.
peer_envelope sent(const peer_envelope& envelope) {
  auto bytes = encode(envelope);
  EXPECT_TRUE(bytes);
  auto read = decode(*bytes);
  EXPECT_TRUE(read) << message_of(read.error());
  return *read;
}

} // namespace

TEST(peer_codec, a_hello_arrives_as_it_was_sent) {
  auto read = sent({7, false, {}, peer_hello{3, "prod", "n1", incarnation{-5}, incarnation{9}}});
  EXPECT_EQ(read.call, 7u);
  const auto& hello = std::get<peer_hello>(read.content);
  EXPECT_EQ(hello.wire_version, 3u);
  EXPECT_EQ(hello.cluster, "prod");
  EXPECT_EQ(hello.name, "n1");
  EXPECT_EQ(hello.self, incarnation{-5});
  EXPECT_EQ(hello.expected, incarnation{9});
}

TEST(peer_codec, each_command_arrives_as_it_was_sent) {
  const instant due{std::chrono::microseconds{123'456}};
  auto run = sent({1, false, {}, ask_tenant{"a", {tenant_id{4}, begin_run{connection_id{5}, run_kind::repair, due}}}});
  const auto& ask = std::get<ask_tenant>(run.content);
  EXPECT_EQ(ask.id, "a");
  EXPECT_EQ(ask.command.tenant, tenant_id{4});
  const auto& begin = std::get<begin_run>(ask.command.command);
  EXPECT_EQ(begin.connection, connection_id{5});
  EXPECT_EQ(begin.kind, run_kind::repair);
  EXPECT_EQ(begin.due, due);

  auto whole = sent({1, false, {}, ask_tenant{"b", {tenant_id{4}, connection_changed{}}}});
  EXPECT_FALSE(std::get<connection_changed>(std::get<ask_tenant>(whole.content).command.command).connection);
  auto one = sent({1, false, {}, ask_tenant{"b", {tenant_id{4}, connection_changed{connection_id{8}}}}});
  EXPECT_EQ(std::get<connection_changed>(std::get<ask_tenant>(one.content).command.command).connection, connection_id{8});

  auto stop = sent({1, false, {}, ask_tenant{"c", {tenant_id{4}, cancel_run{connection_id{5}, run_id{6}, "why"}}}});
  EXPECT_EQ(std::get<cancel_run>(std::get<ask_tenant>(stop.content).command.command).reason, "why");

  open_run open{run_id{1}, tenant_id{2}, connection_id{3}, shard_id{4}, run_kind::full, 5};
  auto resume = sent({1, false, {}, ask_tenant{"d", {tenant_id{2}, resume_run{open}}}});
  const auto& resumed = std::get<resume_run>(std::get<ask_tenant>(resume.content).command.command).run;
  EXPECT_EQ(resumed.shard, shard_id{4});
  EXPECT_EQ(resumed.kind, run_kind::full);
  EXPECT_EQ(resumed.crash_resumes, 5);

  auto heard = sent({1, false, {}, ask_tenant{"e", {tenant_id{2}, hear_webhook{connection_id{3}, {"POST", "/hooks/crm?a=b", {{"X-Topic", "c"}}, std::string{"\0\xff", 2}}}}}});
  const auto& hook = std::get<hear_webhook>(std::get<ask_tenant>(heard.content).command.command);
  EXPECT_EQ(hook.connection, connection_id{3});
  EXPECT_EQ(hook.request.method, "POST");
  EXPECT_EQ(hook.request.target, "/hooks/crm?a=b");
  EXPECT_EQ(hook.request.headers, (decltype(hook.request.headers){{"X-Topic", "c"}}));
  EXPECT_EQ(hook.request.body, (std::string{"\0\xff", 2}));

  auto word = sent({1, false, {}, ask_tenant{"f", {tenant_id{2}, successor_listens{connection_id{3}, 42}}}});
  const auto& successor = std::get<successor_listens>(std::get<ask_tenant>(word.content).command.command);
  EXPECT_EQ(successor.connection, connection_id{3});
  EXPECT_EQ(successor.subscription, 42);
}

TEST(peer_codec, a_refusal_arrives_with_its_code) {
  auto read = sent({9, true, {}, command_answer{command_outcome::refused, "busy", "n2", errc::store_unavailable}});
  EXPECT_EQ(std::get<command_answer>(read.content).code, errc::store_unavailable);
  auto plain = sent({9, true, {}, command_answer{command_outcome::done, "", "n2"}});
  EXPECT_EQ(std::get<command_answer>(plain.content).code, errc::none);
}

TEST(peer_codec, an_error_arrives_with_its_code) {
  auto read = sent({9, true, caf::make_error(errc::not_owner, "shard 3 is n2's"), {}});
  EXPECT_TRUE(read.is_answer);
  EXPECT_EQ(read.failed, errc::not_owner);
  EXPECT_EQ(message_of(read.failed), "shard 3 is n2's");
}

TEST(peer_codec, what_a_newer_release_added_is_ignored) {
  auto bytes = encode({5, false, {}, shards_freed{}});
  ASSERT_TRUE(bytes);
  bytes->bytes += std::string{"\xba\x06\x03xyz", 6}; // field 103, text "xyz"
  auto read = decode(*bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->call, 5u);
  EXPECT_TRUE(std::holds_alternative<shards_freed>(read->content));
}

TEST(peer_codec, a_content_of_a_newer_release_is_no_error) {
  // Field 90 as a nested message: a call that this release does not know.
  auto read = decode({std::string{"\x08\x05\xd2\x05\x00", 5}});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->call, 5u);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(read->content));
}

TEST(peer_codec, fields_that_an_older_release_does_not_send_have_their_defaults) {
  auto read = decode({std::string{"\x08\x05\x22\x00", 4}}); // a hello without anything
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<peer_hello>(read->content).wire_version, 0u); // which no release speaks
}

TEST(peer_codec, a_command_that_cannot_be_read_fails_its_call_only) {
  auto read = decode({std::string{"\x08\x05\x32\x03\x0a\x01\x61", 7}}); // call 5, a command with an id and nothing else
  ASSERT_TRUE(read);
  EXPECT_EQ(read->call, 5u);
  EXPECT_EQ(read->failed, errc::bad_argument);
}

TEST(peer_codec, numbers_out_of_range_are_refused) {
  auto read = decode({std::string{"\x08\x05\x32\x0b\x0a\x01\x61\x1a\x06\x10\xff\xff\xff\xff\x0f", 15}}); // kind = 2^32 - 1
  ASSERT_TRUE(read);
  EXPECT_THAT(message_of(read->failed), HasSubstr("kind of run"));
}

TEST(peer_codec, what_is_too_long_is_neither_sent_nor_read) {
  peer_envelope big{1, false, {}, command_answer{command_outcome::refused, std::string(max_peer_message, 'x'), "n1"}};
  auto refused = encode(big);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::bad_argument);
  EXPECT_FALSE(decode({std::string(max_peer_message + 1, '\0')}));
}

TEST(peer_codec, garbage_is_refused_or_read_but_never_worse) {
  EXPECT_FALSE(decode({"\xff\xff\xff\xff"}));
  auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random{seed};
  auto good = encode({5, false, {}, ask_tenant{"a", {tenant_id{4}, begin_run{connection_id{5}, run_kind::full, {}}}}});
  ASSERT_TRUE(good);
  for (int i = 0; i < 20'000; ++i) {
    auto bytes = good->bytes;
    for (int n = 0; n < 3; ++n)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    (void)decode({bytes.substr(0, random() % (bytes.size() + 1))});
  }
}

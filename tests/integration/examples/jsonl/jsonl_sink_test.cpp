#include "examples/jsonl/jsonl_sink.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>

#include "tests/integration/examples/jsonl/test_folder.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/sink_builders.hpp"

using namespace lode;
using namespace lode::examples;
using namespace std::chrono_literals;
using lode::test::batch_of;
using lode::test::build_sink;
using lode::test::test_folder;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::UnorderedElementsAre;

namespace {

struct jsonl_sink_test : test_folder, actor_test {
  sink_actor start(jsonl_settings settings = {}, const std::string& who = "copies-n1") {
    if (settings.folder.empty())
      settings.folder = path();
    auto sink = spawn<jsonl_sink>(settings, who);
    run();
    return sink;
  }
  void end(const sink_actor& sink) { send_exit(sink, caf::exit_reason::user_shutdown); }
  /// All of it is taken, or there is an error.
  caf::error done(const sink_actor& sink, const deliver_changes& batch) {
    const auto taken = ask<size_t>(sink, batch);
    if (!taken)
      return taken.error();
    EXPECT_EQ(*taken, batch.changes.size());
    return {};
  }
};

TEST_F(jsonl_sink_test, each_change_is_a_line_that_is_there_before_the_answer) {
  auto batch = batch_of(3, 7, 8);
  batch.changes[0].payload = "{\"id\": 1,\n  \"name\": \"\\n\"}";
  batch.changes[0].key = "a \"key\"";
  batch.changes[1].is_replaced = true;
  batch.changes[1].payload = "";
  auto sink = start();
  EXPECT_FALSE(done(sink, batch));
  EXPECT_EQ(
    all_text(".jsonl.part"),
    R"({"generation":5,"shard":3,"seq":7,"tenant":"acme","connection":"main","source":"crm","stream":"contacts","change":"updated",)"
    R"("key":"a \"key\"","hash":"00000000000000010000000000000007","committed":"2026-01-31T00:00:00Z","record":{"id": 1,   "name": "\n"}})"
    "\n"
    R"({"generation":5,"shard":3,"seq":8,"tenant":"acme","connection":"main","source":"crm","stream":"contacts","change":"updated",)"
    R"("key":"key-8","hash":"00000000000000010000000000000008","committed":"2026-01-31T00:00:00Z","replaced":true})"
    "\n");
}

TEST_F(jsonl_sink_test, a_file_that_is_large_enough_is_finished_and_the_next_batch_begins_another_one) {
  auto sink = start({{}, byte_count{300}});
  EXPECT_FALSE(done(sink, batch_of(3, 1, 2)));
  EXPECT_FALSE(done(sink, batch_of(3, 3, 3)));
  EXPECT_THAT(names(), UnorderedElementsAre(MatchesRegex("copies-n1-[0-9]+T[0-9]+Z-000001\\.jsonl"),
                                            MatchesRegex("copies-n1-[0-9]+T[0-9]+Z-000002\\.jsonl\\.part")));
}

TEST_F(jsonl_sink_test, a_file_is_finished_when_its_time_is_over_though_nothing_more_comes) {
  auto sink = start({{}, 64_MiB, 10s});
  EXPECT_FALSE(done(sink, batch_of(3, 1, 1)));
  advance(10s);
  EXPECT_THAT(names(), UnorderedElementsAre(MatchesRegex(".*-000001\\.jsonl")));
  EXPECT_FALSE(done(sink, batch_of(3, 2, 2)));
  EXPECT_EQ(names().size(), 2u);
}

TEST_F(jsonl_sink_test, its_end_finishes_what_it_wrote) {
  auto sink = start();
  EXPECT_FALSE(done(sink, batch_of(3, 1, 1)));
  end(sink);
  EXPECT_THAT(names(), UnorderedElementsAre(MatchesRegex(".*\\.jsonl")));
}

TEST_F(jsonl_sink_test, what_an_earlier_life_left_is_cut_to_whole_lines_and_finished_at_the_start) {
  write("copies-n1-20260101T000000Z-000004.jsonl.part", "{\"seq\":1}\n{\"seq\":2}\n{\"se");
  write("copies-n2-20260101T000000Z-000001.jsonl.part", "of another node");
  start();
  EXPECT_EQ(text_of("copies-n1-20260101T000000Z-000004.jsonl"), "{\"seq\":1}\n{\"seq\":2}\n");
  EXPECT_EQ(text_of("copies-n2-20260101T000000Z-000001.jsonl.part"), "of another node");
}

TEST_F(jsonl_sink_test, two_lives_of_one_node_at_once_write_files_of_their_own) {
  auto one = start();
  auto other = start();
  EXPECT_FALSE(done(one, batch_of(3, 1, 2)));
  EXPECT_FALSE(done(other, batch_of(3, 1, 1)));
  EXPECT_FALSE(done(one, batch_of(3, 3, 3)));
  EXPECT_EQ(names().size(), 2u);
  end(one);
  EXPECT_THAT(all_text(".jsonl"), HasSubstr("\"seq\":3"));
  EXPECT_FALSE(done(other, batch_of(3, 4, 4)));
  EXPECT_THAT(all_text(".jsonl.part"), HasSubstr("\"seq\":4"));
}

TEST_F(jsonl_sink_test, a_folder_that_is_not_there_is_told_and_nothing_is_lost_once_it_is) {
  auto sink = start({path() / "later"});
  EXPECT_THAT(message_of(done(sink, batch_of(3, 1, 1))),
              HasSubstr("cannot read the folder " + (path() / "later").string()));
  std::filesystem::create_directory(path() / "later");
  EXPECT_FALSE(done(sink, batch_of(3, 1, 1)));
}

TEST_F(jsonl_sink_test, a_disk_that_is_full_holds_whole_lines_only_and_goes_on_when_it_has_room_again) {
  if (mount("tmpfs", path().c_str(), "tmpfs", 0, "size=64k") != 0)
    GTEST_SKIP() << "needs to mount a small file system: " << std::strerror(errno);
  auto batch = batch_of(3, 1, 100);
  {
    auto sink = start();
    EXPECT_FALSE(done(sink, batch_of(3, 1, 2)));
    write("ballast", std::string(48 * 1024, 'x'));
    EXPECT_THAT(message_of(done(sink, batch)), HasSubstr("No space left on device"));
    EXPECT_EQ(all_text(".jsonl"), lines_of(batch_of(3, 1, 2)));
    EXPECT_THAT(all_text(".part"), IsEmpty());
    std::filesystem::remove(*this / "ballast");
    EXPECT_FALSE(done(sink, batch));
    end(sink);
    EXPECT_EQ(all_text(".jsonl"), lines_of(batch_of(3, 1, 2)) + lines_of(batch));
  }
  umount(path().c_str());
}

TEST_F(jsonl_sink_test, settings_are_checked_when_they_are_read) {
  EXPECT_EQ(
    build_sink(make_jsonl_sink, "folder: /var/lib/x\nrotate_bytes: 1GiB\nrotate_every: 10m\nfsync: false").mistakes,
    "");
  const auto found =
    build_sink(make_jsonl_sink, "folder: here\nrotate_bytes: many\nrotate_every: 1ms\nfolders: 2").mistakes;
  EXPECT_THAT(found, HasSubstr("sink.yaml:1: error: #/folder: expected an absolute path"));
  EXPECT_THAT(found, HasSubstr("sink.yaml:2: error: #/rotate_bytes: expected a size"));
  EXPECT_THAT(found, HasSubstr("#/rotate_every"));
  EXPECT_THAT(found, HasSubstr("unknown key 'folders'"));
}

} // namespace

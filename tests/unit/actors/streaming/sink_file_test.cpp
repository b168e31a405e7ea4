#include "actors/streaming/sink_file.hpp"

#include <gmock/gmock.h>

#include <stdexcept>

#include "runtime/manifest/component.hpp"

using namespace lode;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

struct sink_file_test : testing::Test {
  sink_file_test() {
    auto make = [](const sink_request& request) -> sink_spawner {
      request.settings.refuse_unknown({"folder", "throws"});
      if (request.settings.has("throws"))
        throw std::runtime_error("no such disk");
      if (request.settings.text("folder").empty())
        request.settings.error("a folder is missing", "folder");
      return [](caf::actor_system&, const sink_job&) { return sink_actor{}; };
    };
    std::ignore = known.add("jsonl", make);
    std::ignore =
      known.add("bare", [](const sink_request&) -> sink_spawner { return [](auto&, auto&) { return sink_actor{}; }; });
    std::ignore = known.add("mute", [](const sink_request&) { return sink_spawner{}; });
  }

  sink_file read(const std::string& text) { return read_sink_file("lake", text, known); }
  /// As "LINE PATH MESSAGE".
  std::vector<std::string> notes(const std::string& text) {
    std::vector<std::string> out;
    auto file = read(text);
    EXPECT_FALSE(file.is_usable()) << text;
    for (const auto& note : file.notes)
      out.push_back(std::to_string(note.line) + " " + note.path + " " + note.message);
    return out;
  }

  sink_registry known = builtin_sinks();
};

} // namespace

TEST_F(sink_file_test, names_a_kind_its_settings_streams_and_where_it_begins) {
  auto file = read("jsonl:\n  folder: /data\nstreams: [crm/contacts, \"shop/*\"]\nfrom: now\n");
  EXPECT_TRUE(file.is_usable());
  EXPECT_THAT(file.notes, IsEmpty());
  EXPECT_EQ(file.kind, "jsonl");
  EXPECT_THAT(file.streams, ElementsAre("crm/contacts", "shop/*"));
  EXPECT_TRUE(file.from_now);
}

TEST_F(sink_file_test, may_leave_out_all_but_the_kind) {
  auto file = read("bare:\n");
  EXPECT_TRUE(file.is_usable());
  EXPECT_THAT(file.streams, IsEmpty());
  EXPECT_FALSE(file.from_now);
}

TEST_F(sink_file_test, mistakes_in_settings_are_told_at_their_place) {
  EXPECT_THAT(notes("jsonl:\n  folder: ''\n"), ElementsAre(HasSubstr("2 #/jsonl/folder a folder is missing")));
  EXPECT_THAT(notes("jsonl:\n  folder: x\n  foldr: y\n"), Contains(HasSubstr("foldr")));
  EXPECT_THAT(notes("jsonl:\n  throws: true\n"), Contains(HasSubstr("no such disk")));
  EXPECT_THAT(notes("jsonl: 5\n"), Contains(HasSubstr("not a map")));
  EXPECT_THAT(notes("mute: {}\n"), Contains(HasSubstr("cannot be made from these settings")));
}

TEST_F(sink_file_test, all_other_mistakes_are_told_too) {
  EXPECT_THAT(notes("kafka: {}\n"), ElementsAre(HasSubstr("'kafka' is neither a sink kind (known: bare, jsonl, mute) nor streams or from")));
  EXPECT_THAT(notes("jsnl: {}\n"), ElementsAre(HasSubstr("nor streams or from; did you mean 'jsonl'?")));
  EXPECT_THAT(notes("bare: {}\nstream: [a/b]\n"), ElementsAre(HasSubstr("2 #/stream 'stream' is neither a sink kind (known: bare, jsonl, mute) nor streams or from; did you mean 'streams'?")));
  EXPECT_THAT(notes("streams: [a/b]\n"), ElementsAre(HasSubstr("its kind is missing")));
  EXPECT_THAT(notes("bare: {}\njsonl: {folder: x}\n"), ElementsAre(HasSubstr("one kind")));
  EXPECT_THAT(
    notes("bare: {}\nstreams: [contacts]\nfrom: tomorrow\n"),
    ElementsAre(HasSubstr("'contacts' is no SOURCE/STREAM"), HasSubstr("'tomorrow' is neither start nor now")));
  EXPECT_THAT(notes("bare: {}\nstreams: []\n"), ElementsAre(HasSubstr("no stream is named")));
  EXPECT_THAT(notes("- a\n"), ElementsAre(HasSubstr("no map")));
  EXPECT_THAT(notes("a: [\n"), testing::Not(IsEmpty()));
}

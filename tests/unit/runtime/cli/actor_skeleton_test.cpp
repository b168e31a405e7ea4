#include "runtime/cli/actor_skeleton.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

#include <fstream>
#include <sstream>

#include "messages/type_ids.hpp"

using namespace lode;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

std::string refusal(const std::string& name, const std::string& kind) {
  auto problem = check({name, kind, name}, builtin_extensions());
  return problem ? message_of(problem) : "";
}

std::string text_of(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream{file}.rdbuf();
  return text.str();
}

/// A folder that is gone with the test.
struct actor_skeleton_test : testing::TestWithParam<const char*> {
  actor_skeleton_test() { fs::remove_all(folder); }
  ~actor_skeleton_test() override { fs::remove_all(folder); }
  fs::path folder = fs::path{testing::TempDir()} / ("skeleton." + std::to_string(::getpid()));
};

} // namespace

TEST(actor_skeleton, takes_names_that_can_stand_in_code_and_yaml) {
  for (auto name : {"graphql", "orders_api", "s3", "a"})
    EXPECT_EQ(refusal(name, "miner"), "") << name;
  for (auto name : {"", "GraphQL", "3s", "a-b", "a__b", "a_", "_a", "../x", "a_name_that_is_longer_than_any_label"})
    EXPECT_THAT(refusal(name, "miner"), HasSubstr("has at most 32 characters, such as ")) << name;
}

TEST(actor_skeleton, proposes_what_was_meant) {
  EXPECT_THAT(refusal("Orders-API", "miner"), testing::EndsWith("such as orders_api"));
  EXPECT_THAT(refusal("a__b", "miner"), testing::EndsWith("such as a_b"));
  EXPECT_THAT(refusal("my shop!", "sink"), testing::EndsWith("such as my_shop"));
  EXPECT_THAT(refusal("3", "miner"), testing::EndsWith("such as orders_api")) << "nothing of it can stay";
}

TEST(actor_skeleton, refuses_words_that_are_something_else_in_what_it_writes) {
  for (auto kind : {"miner", "step", "listener", "sink", "schedule"})
    for (auto name : {"on", "no", "null", "true", "errno", "linux", "main", "new", "actor"})
      EXPECT_THAT(refusal(name, kind), HasSubstr("can't be the name: it means something else")) << name;
  EXPECT_EQ(refusal("stream", "miner"), "");
}

TEST_F(actor_skeleton_test, knows_the_kit_that_its_program_belongs_to) {
  EXPECT_EQ(kit_of(folder / "bin" / "lode"), "");
  const auto package = folder / "lib" / "x86_64-linux-gnu" / "cmake" / "Lode";
  fs::create_directories(package);
  EXPECT_EQ(kit_of(folder / "bin" / "lode"), "") << "a folder alone is no package";
  std::ofstream{package / "LodeConfig.cmake"} << "\n";
  EXPECT_EQ(kit_of(folder / "bin" / "lode"), folder);
}

TEST(actor_skeleton, refuses_what_is_taken_and_says_what_that_is) {
  EXPECT_THAT(refusal("redact", "step"), HasSubstr("'redact' means something already where a step is named"));
  EXPECT_THAT(refusal("webhook", "listener"), HasSubstr("already"));
  EXPECT_THAT(refusal("cron", "schedule"), HasSubstr("cron, interval, manual"));
  EXPECT_THAT(refusal("from", "sink"), HasSubstr("already"));
  EXPECT_THAT(refusal("jitter", "schedule"), HasSubstr("already"));
  EXPECT_EQ(refusal("redact", "miner"), "");
}

TEST(actor_skeleton, names_the_kinds_that_there_are) {
  EXPECT_THAT(refusal("x", "parser"), HasSubstr("miner, step, listener, sink, schedule"));
  EXPECT_THAT(refusal("x", ""), HasSubstr("Say --kind with one of: miner"));
}

TEST_P(actor_skeleton_test, writes_a_whole_folder_in_which_no_placeholder_is_left) {
  std::vector<std::string> written;
  ASSERT_FALSE(write({"orders", GetParam(), folder}, written));
  EXPECT_THAT(written, testing::IsSupersetOf(
                         {"CMakeLists.txt", "orders.hpp", "orders.cpp", "orders_test.cpp", "main.cpp", "README.md"}));
  EXPECT_EQ(written.size(), 7u) << "and a sample of its configuration";
  for (const auto& name : written)
    EXPECT_THAT(text_of(folder / name),
                testing::AllOf(HasSubstr("orders"), testing::Not(testing::ContainsRegex("@[A-Z]+@"))))
      << name;
}

TEST_P(actor_skeleton_test, registers_it_under_its_name_in_one_line) {
  std::vector<std::string> written;
  ASSERT_FALSE(write({"orders", GetParam(), folder}, written));
  EXPECT_THAT(text_of(folder / "main.cpp"), HasSubstr(std::string{"known."} + GetParam() + "s.add(\"orders\", "));
}

TEST_F(actor_skeleton_test, leaves_a_folder_that_exists_alone) {
  fs::create_directories(folder);
  std::vector<std::string> written;
  auto problem = write({"orders", "step", folder}, written);
  EXPECT_EQ(problem, errc::conflict);
  EXPECT_THAT(message_of(problem), HasSubstr("--directory"));
  EXPECT_TRUE(fs::is_empty(folder));
}

INSTANTIATE_TEST_SUITE_P(kinds, actor_skeleton_test,
                         testing::ValuesIn({"miner", "step", "listener", "sink", "schedule"}));

#include "examples/jsonl/line_file.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/integration/examples/jsonl/test_folder.hpp"

using namespace lode;
using namespace lode::examples;
using lode::test::test_folder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

/// Files may not grow beyond that in the life of the object: the system refuses what a full disk refuses.
class file_size_limit {
public:
  explicit file_size_limit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~file_size_limit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

struct line_file_test : testing::Test {
  test_folder folder;
  line_file make(const std::string& name = "a.jsonl") {
    auto made = line_file::create(folder / name);
    if (!made)
      throw std::runtime_error{message_of(made.error())};
    return std::move(*made);
  }
};

TEST_F(line_file_test, nobody_takes_a_file_for_whole_before_it_is_finished) {
  auto file = make();
  EXPECT_FALSE(file.append("one\ntwo\n", true));
  EXPECT_THAT(folder.names(), ElementsAre("a.jsonl.part"));
  EXPECT_FALSE(std::move(file).finish());
  EXPECT_THAT(folder.names(), ElementsAre("a.jsonl"));
  EXPECT_EQ(folder.text_of("a.jsonl"), "one\ntwo\n");
}

TEST_F(line_file_test, a_file_without_lines_leaves_nothing) {
  EXPECT_FALSE(make().finish());
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST_F(line_file_test, a_name_is_taken_once) {
  auto file = make();
  EXPECT_EQ(line_file::create(folder / "a.jsonl").error(), errc::conflict);
  EXPECT_FALSE(file.append("one\n", true));
  EXPECT_FALSE(std::move(file).finish());
  EXPECT_EQ(line_file::create(folder / "a.jsonl").error(), errc::conflict) << "finished";
  EXPECT_THAT(folder.names(), ElementsAre("a.jsonl"));
}

TEST_F(line_file_test, a_file_that_is_written_is_not_taken_over) {
  auto file = make();
  EXPECT_FALSE(file.append("one\n", true));
  EXPECT_EQ(line_file::take_over(folder / "a.jsonl.part").error(), errc::conflict);
}

TEST_F(line_file_test, what_is_taken_over_ends_with_its_last_whole_line) {
  const std::string longer_than_a_block(200'000, 'x');
  folder.write("a.jsonl.part", "one\ntwo\n" + longer_than_a_block);
  auto left = line_file::take_over(folder / "a.jsonl.part");
  ASSERT_TRUE(left) << message_of(left.error());
  EXPECT_FALSE(std::move(*left).finish());
  EXPECT_EQ(folder.text_of("a.jsonl"), "one\ntwo\n");
}

TEST_F(line_file_test, a_torn_first_line_leaves_nothing) {
  folder.write("a.jsonl.part", "on");
  auto left = line_file::take_over(folder / "a.jsonl.part");
  ASSERT_TRUE(left) << message_of(left.error());
  EXPECT_FALSE(std::move(*left).finish());
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST_F(line_file_test, what_does_not_fit_leaves_no_half_line) {
  auto file = make();
  EXPECT_FALSE(file.append("one\n", true));
  {
    const file_size_limit limit{10};
    const auto error = file.append("a line that does not fit\n", true);
    EXPECT_THAT(message_of(error),
                HasSubstr("cannot write " + (folder / "a.jsonl.part").string() + ": File too large"));
  }
  EXPECT_GT(folder.text_of("a.jsonl.part").size(), 4u) << "a part of it was written";
  EXPECT_FALSE(std::move(file).finish());
  EXPECT_EQ(folder.text_of("a.jsonl"), "one\n");
}

TEST_F(line_file_test, a_writer_that_is_killed_leaves_what_it_has_acknowledged) {
  const auto child = fork();
  if (child == 0) {
    auto file = line_file::create(folder / "a.jsonl");
    if (!file || file->append("one\ntwo\n", true))
      _exit(1);
    {
      const file_size_limit limit{13};
      std::ignore = file->append("half a line", true); // torn by the limit, and not cut back
    }
    raise(SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(folder.text_of("a.jsonl.part"), "one\ntwo\nhalf ");
  auto left = line_file::take_over(folder / "a.jsonl.part");
  ASSERT_TRUE(left) << message_of(left.error());
  EXPECT_FALSE(std::move(*left).finish());
  EXPECT_EQ(folder.text_of("a.jsonl"), "one\ntwo\n");
}

} // namespace

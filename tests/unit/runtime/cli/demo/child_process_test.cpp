#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "runtime/cli/demo/child_process.hpp"
#include "runtime/cli/demo/files.hpp"
#include "runtime/cli/demo/show_options.hpp"

namespace lode::demo {

namespace {

struct child_process_test : testing::Test {
  child_process_test() {
    std::string pattern = testing::TempDir() + "lode-child-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  ~child_process_test() override { std::filesystem::remove_all(folder); }

  std::string in(const std::string& name) const { return folder + "/" + name; }

  std::string folder;
  // The mark stands in the command line, as a data folder does in those of the real programs.
  std::vector<std::string> sleeper{"sh", "-c", "while :; do sleep 1000; done", "the-mark"};
};

} // namespace

TEST_F(child_process_test, a_leftover_is_found_by_its_pid_file_and_ended) {
  child_process child{"a child", in("pid"), in("log")};
  child.start(sleeper);
  auto kept = read_text(in("pid"));
  auto pid = child.pid();
  // Between fork and exec it still has the command line of this program.
  while (read_text("/proc/" + std::to_string(pid) + "/cmdline").find("the-mark") == std::string::npos)
    usleep(1'000);
  // A reader of the file that is not the parent can't reap; so end it here as well, in parallel with waiting.
  if (auto killer = fork(); killer == 0)
    _exit(kill_leftover(in("pid"), "the-mark") ? 0 : 1);
  while (start_ticks(pid) != 0)
    usleep(1'000);
  EXPECT_FALSE(kept.empty());
  EXPECT_THROW(child.check_alive(), failure);
}

TEST_F(child_process_test, a_program_that_was_asked_to_stop_gets_no_second_signal) {
  child_process child{"a child", in("pid"), in("log")};
  child.start({"sh", "-c", "trap 'echo told' TERM; echo ready; while [ ! -e " + in("end") + " ]; do sleep 0.01; done"});
  while (read_text(in("log")).find("ready") == std::string::npos)
    usleep(1'000);
  child.ask_to_stop();
  while (read_text(in("log")).find("told") == std::string::npos)
    usleep(1'000);
  child.ask_to_stop();
  write_text(in("end"), "");
  child.stop(10'000);
  EXPECT_EQ(read_text(in("log")), "ready\ntold\n");
}

TEST_F(child_process_test, a_stranger_under_a_reused_pid_is_left_alone) {
  child_process child{"a child", in("pid"), in("log")};
  child.start(sleeper);
  write_text(in("old"), std::to_string(child.pid()) + " " + std::to_string(start_ticks(child.pid()) + 1) + "\n");
  EXPECT_FALSE(kill_leftover(in("old"), "the-mark"));
  EXPECT_NO_THROW(child.check_alive());
}

TEST_F(child_process_test, a_process_without_the_mark_is_left_alone) {
  child_process child{"a child", in("pid"), in("log")};
  child.start(sleeper);
  EXPECT_FALSE(kill_leftover(in("pid"), "another-mark"));
  EXPECT_NO_THROW(child.check_alive());
}

TEST_F(child_process_test, its_end_is_told_with_its_last_words) {
  child_process child{"the node", in("pid"), in("log")};
  child.start({"sh", "-c", "echo no more ink; exit 3"});
  try {
    for (;;)
      child.check_alive();
  } catch (const failure& e) {
    EXPECT_NE(std::string{e.what()}.find("the node ended with exit code 3"), std::string::npos) << e.what();
    EXPECT_NE(std::string{e.what()}.find("no more ink"), std::string::npos) << e.what();
  }
}

TEST_F(child_process_test, figures_of_a_running_process_are_not_zero) {
  child_process child{"a child", in("pid"), in("log")};
  EXPECT_EQ(child.figures().peak_rss_bytes, 0u);
  child.start(sleeper);
  EXPECT_GT(child.figures().peak_rss_bytes, 0u);
}

TEST_F(child_process_test, a_program_is_run_to_its_end) {
  EXPECT_EQ(run_to_end({"sh", "-c", "echo $WORD; exit 4"}, in("log"), {"WORD=ink"}), 4);
  EXPECT_EQ(read_text(in("log")), "ink\n");
  EXPECT_EQ(run_to_end({in("missing")}, in("log")), 127);
}

TEST_F(child_process_test, files_are_replaced_whole_and_are_private) {
  write_text(in("file"), "one");
  write_text(in("file"), "two");
  EXPECT_EQ(read_text(in("file")), "two");
  EXPECT_EQ(std::filesystem::status(in("file")).permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(child_process_test, a_folder_has_one_show) {
  hold_lock(in("lock"));
  EXPECT_THROW(hold_lock(in("lock")), failure);
}

TEST(last_lines, are_the_end_of_a_text) {
  EXPECT_EQ(last_lines("a\nb\nc\n", 2), "b\nc\n");
  EXPECT_EQ(last_lines("a\n", 5), "a\n");
  EXPECT_EQ(last_lines("", 5), "");
}

} // namespace lode::demo

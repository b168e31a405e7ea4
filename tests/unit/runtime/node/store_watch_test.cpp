#include "runtime/node/store_watch.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <thread>

#include "runtime/storage/store_error.hpp"

using namespace lode;

namespace {

/// What all sessions with one store see of it.
struct store_script {
  std::mutex mutex;
  std::vector<int64_t> positions; ///< one a look, the last one for ever
  size_t looks = 0;
  int sessions = 0;
  int refusals = 0; ///< how often a doubt is not taken
  std::string doubt;
};

class scripted_store final : public generation_store {
public:
  explicit scripted_store(store_script& script) : script_(script) {
    std::lock_guard lock{script_.mutex};
    ++script_.sessions;
  }

  caf::expected<store_standing> look() override {
    std::lock_guard lock{script_.mutex};
    auto now = script_.positions[std::min(script_.looks++, script_.positions.size() - 1)];
    return store_standing{7, "", now};
  }
  caf::error doubt(int64_t generation, const std::string& why) override {
    std::lock_guard lock{script_.mutex};
    if (script_.refusals > 0) {
      --script_.refusals;
      return store_error(errc::store_unavailable, "away");
    }
    script_.doubt = std::to_string(generation) + ": " + why;
    return {};
  }
  caf::expected<new_generation> begin_generation() override { return new_generation{}; }

private:
  store_script& script_;
};

/// A node that knows of 100 positions.
struct store_watch_test : testing::Test {
  void begin() {
    watch = std::make_unique<store_watch>([this] { return std::make_unique<scripted_store>(script); }, nullptr,
                                          known_store{7, 100}, health, std::chrono::milliseconds{1});
  }

  template <class Read>
  auto locked(Read read) {
    std::lock_guard lock{script.mutex};
    return read(script);
  }

  /// For at most half a minute.
  template <class Condition>
  bool comes_true(Condition condition) {
    for (int i = 0; i < 30'000; ++i, std::this_thread::sleep_for(std::chrono::milliseconds{1}))
      if (locked(condition))
        return true;
    return false;
  }

  static bool has_doubt(const store_script& now) { return !now.doubt.empty(); }

  store_script script;
  store_health health;
  std::unique_ptr<store_watch> watch; ///< ends first
};

} // namespace

TEST_F(store_watch_test, one_look_at_a_server_that_is_behind_is_no_alarm) {
  script.positions = {100, 90, 120};
  begin();
  ASSERT_TRUE(comes_true([](const store_script& now) { return now.looks > 4; }));
  EXPECT_EQ(watch->news().what, store_finding::as_expected);
  EXPECT_EQ(locked([](const store_script& now) { return now.doubt; }), "");
  EXPECT_EQ(locked([](const store_script& now) { return now.sessions; }), 2) << "the second look is one of a fresh session";
}

TEST_F(store_watch_test, what_two_looks_say_is_written_down_until_the_store_takes_it) {
  script.positions = {100, 90};
  script.refusals = 3;
  begin();
  ASSERT_TRUE(comes_true(has_doubt));
  EXPECT_EQ(watch->news().what, store_finding::went_back);
  EXPECT_EQ(locked([](const store_script& now) { return now.doubt; }), "7: " + watch->news().why);
}

TEST_F(store_watch_test, what_the_writers_found_out_is_written_down_while_the_feed_looks_well) {
  script.positions = {100};
  begin();
  health.found_back("writer 0 lacks a commit");
  ASSERT_TRUE(comes_true(has_doubt));
  EXPECT_EQ(locked([](const store_script& now) { return now.doubt; }), "7: writer 0 lacks a commit");
  EXPECT_EQ(watch->news().what, store_finding::went_back);
}

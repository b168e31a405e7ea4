#include "runtime/http/name_resolver.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace lode {

TEST(name_resolver_test, everybody_who_asks_for_a_name_gets_its_addresses_once) {
  constexpr int askers = 500;
  std::atomic<int> answers = 0, right = 0;
  std::promise<void> all;
  name_resolver resolver;
  for (int i = 0; i < askers; ++i)
    resolver.resolve("localhost", [&](const name_resolver::addresses& found) {
      right += !found.empty() && found.front().is_loopback();
      if (++answers == askers)
        all.set_value();
    });
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds{60}), std::future_status::ready);
  resolver.stop();
  EXPECT_EQ(answers, askers);
  EXPECT_EQ(right, askers);
}

TEST(name_resolver_test, nobody_is_called_after_stop) {
  std::atomic<int> answers = 0;
  name_resolver resolver;
  for (int i = 0; i < 100; ++i)
    resolver.resolve("localhost", [&](auto&) { ++answers; });
  resolver.stop();
  auto before = answers.load();
  resolver.resolve("localhost", [&](auto&) { ++answers; });
  EXPECT_EQ(answers, before);
}

} // namespace lode

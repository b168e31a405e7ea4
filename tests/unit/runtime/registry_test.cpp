#include "runtime/registry.hpp"

#include <gmock/gmock.h>

namespace lode {
namespace {

struct registry_test : testing::Test {
  void SetUp() override {
    EXPECT_FALSE(sinks.add("postgres", 1));
    EXPECT_FALSE(sinks.add("file", 2));
  }
  registry<int> sinks{"sink"};
};

TEST_F(registry_test, finds_what_was_added_under_its_name) {
  auto found = sinks.find("file");
  ASSERT_TRUE(found);
  EXPECT_EQ(**found, 2);
  EXPECT_THAT(sinks.names(), testing::ElementsAre("file", "postgres"));
}

TEST_F(registry_test, refuses_a_name_twice_and_keeps_the_first) {
  auto error = sinks.add("file", 3);
  EXPECT_EQ(error, errc::conflict);
  EXPECT_EQ(message_of(error), "there are two of sink 'file': rename one of them");
  EXPECT_EQ(**sinks.find("file"), 2);
}

TEST_F(registry_test, names_what_exists_when_a_name_is_unknown) {
  auto found = sinks.find("kafka");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), errc::not_found);
  EXPECT_EQ(message_of(found.error()), "there is no sink 'kafka'; known: file, postgres");
}

TEST_F(registry_test, refuses_an_empty_name) {
  EXPECT_EQ(sinks.add("", 3), errc::bad_argument);
}

} // namespace
} // namespace lode

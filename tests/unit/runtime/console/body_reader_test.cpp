#include "runtime/console/body_reader.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messages/error.hpp"

using namespace lode;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(body_reader_test, everything_wrong_is_told_at_once) {
  body_reader body{R"({"name": 5, "streams": "x", "sorce": "y"})"};
  body.text("name");
  body.texts("streams");
  body.text("source");
  EXPECT_THAT(message_of(body.finish()),
              AllOf(HasSubstr("name: found a number, expected a text"), HasSubstr("streams: found a text, expected a list"),
                    HasSubstr("source is missing"), HasSubstr("\"sorce\" here; did you mean \"source\"?")));
}

TEST(body_reader_test, messages_hold_no_values) {
  body_reader body{R"({"secrets": "hunter2"})"};
  body.object("secrets");
  EXPECT_THAT(message_of(body.finish()), Not(HasSubstr("hunter2")));
}

TEST(body_reader_test, an_empty_body_is_an_empty_object) {
  body_reader body{" \n"};
  EXPECT_EQ(body.text_or("kind", "manual"), "manual");
  EXPECT_FALSE(body.finish());
}

TEST(body_reader_test, what_is_no_object_is_refused) {
  for (auto text : {"[]", "5", "{", "{} {}", "null"})
    EXPECT_TRUE(body_reader{text}.finish()) << text;
}

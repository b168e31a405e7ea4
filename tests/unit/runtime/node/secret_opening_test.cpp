#include "runtime/node/secret_opening.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "messages/error.hpp"
#include "messages/type_ids.hpp"
#include "runtime/telemetry/log.hpp"

using namespace lode;

namespace {

/// Secrets as the store has them, and a node with a key.
struct secret_opening_test : testing::Test {
  secret_opening_test() { start_log({log_level::info, log_format::json}, &log); }
  ~secret_opening_test() override { start_log({}); }

  std::ostringstream log;
  sealer own = *sealer::from_bytes(std::string(32, 'a'));
  sealer other = *sealer::from_bytes(std::string(32, 'b'));
  secret_opener open = make_secret_opener(own);
};

} // namespace

TEST_F(secret_opening_test, opens_what_its_own_key_sealed) {
  auto opened = open(own.seal("token"));
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, "token");
}

TEST_F(secret_opening_test, what_another_key_sealed_waits_and_is_warned_of_once_a_minute) {
  for (int i = 0; i < 3; ++i) {
    auto opened = open(other.seal("token"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(disposition_of(opened.error()), disposition::wait);
    EXPECT_THAT(message_of(opened.error()), testing::HasSubstr(other.key_name()));
  }
  const auto said = log.str();
  EXPECT_EQ(std::ranges::count(said, '\n'), 1) << said;
}

TEST_F(secret_opening_test, what_was_altered_is_the_fault_of_the_secret) {
  auto sealed = own.seal("token");
  sealed.back() = static_cast<char>(sealed.back() ^ 1);
  auto opened = open(sealed);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), errc::bad_argument);
}

#include <gmock/gmock.h>

#include <map>

#include "runtime/storage/feed_cursor.hpp"
#include "runtime/storage/shard_hash.hpp"
#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

TEST(feed_cursor, comes_back_as_it_was) {
  for (const auto& cursor : {feed_cursor{7, {}}, feed_cursor{-7, {{{0}, 1}, {{4095}, INT64_MAX}}}}) {
    auto text = encode_feed_cursor(cursor);
    EXPECT_EQ(*decode_feed_cursor(text, cursor.generation), cursor);
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
  }
}

TEST(feed_cursor, of_another_generation_is_a_conflict) {
  auto text = encode_feed_cursor({7, {{{1}, 1000}}});
  EXPECT_EQ(code_of(decode_feed_cursor(text, 8).error()), errc::conflict);
}

TEST(feed_cursor, refuses_what_is_not_one) {
  auto text = encode_feed_cursor({7, {{{1}, 1000}}});
  for (const auto& wrong : {std::string{}, std::string{"x"}, std::string{"****"}, text.substr(1), text + "AAAA"})
    EXPECT_EQ(code_of(decode_feed_cursor(wrong, 7).error()), errc::bad_argument) << wrong;
}

TEST(shard_hash, never_changes) {
  EXPECT_EQ(shard_of({1}).value, 2860);
  EXPECT_EQ(shard_of({2}).value, 999);
  EXPECT_EQ(shard_of({1000000}).value, 2083);
}

TEST(shard_hash, spreads_consecutive_ids) {
  std::map<int64_t, int> tenants;
  for (int64_t id = 1; id <= 40960; ++id)
    ++tenants[shard_of({id}).value];
  EXPECT_GT(tenants.size(), 4090u);
  for (const auto& [shard, count] : tenants)
    EXPECT_LT(count, 35) << "shard " << shard;
}

TEST(text_check, takes_what_a_database_takes) {
  EXPECT_TRUE(is_storable_text("plain \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80"));
  for (const auto& wrong : {std::string("a\0b", 3), std::string{"\xC0\xAF"}, std::string{"\xED\xA0\x80"},
                            std::string{"\xF4\x90\x80\x80"}, std::string{"\xE2\x82"}, std::string{"\x80"},
                            std::string{"\xE0\x80\xAF"}, std::string{"\xF0\x80\x80\xAF"}, std::string{"\xFF"}})
    EXPECT_FALSE(is_storable_text(wrong));
}

TEST(text_check, repairs_and_cuts_between_characters) {
  EXPECT_EQ(storable_text(std::string("a\0\xC3\xA4", 4), 100), "a?\xC3\xA4");
  EXPECT_EQ(storable_text("ab\xC3\xA4", 3), "ab");
  EXPECT_TRUE(is_storable_text(storable_text("\xE2\x82", 100)));
}

} // namespace

} // namespace lode

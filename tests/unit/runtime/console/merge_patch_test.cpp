#include "runtime/console/merge_patch.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <random>

using namespace lode;
namespace json = boost::json;

namespace {

/// RFC 7396, section 2.
json::value patched(json::value target, const json::value& patch) {
  if (!patch.is_object())
    return patch;
  if (!target.is_object())
    target = json::object{};
  for (const auto& member : patch.get_object()) {
    if (member.value().is_null())
      target.get_object().erase(member.key());
    else
      target.get_object()[member.key()] = patched(target.get_object()[member.key()], member.value());
  }
  return target;
}

std::string patch_text(const char* before, const char* after) {
  auto patch = merge_patch_between(json::parse(before), json::parse(after));
  return patch ? json::serialize(*patch) : "nothing can say it";
}

json::value random_document(std::mt19937& random, int depth) {
  switch (random() % (depth > 0 ? 4 : 2)) {
    case 0: return static_cast<int64_t>(random() % 3);
    case 1: return json::value(json::string{random() % 2 ? "a" : "b"});
    case 2: return json::array{static_cast<int64_t>(random() % 2), nullptr};
    default: break;
  }
  json::object out;
  for (auto name : {"x", "y", "z"})
    if (random() % 2)
      out[name] = random_document(random, depth - 1);
  return out;
}

} // namespace

TEST(merge_patch, holds_only_what_changed) {
  EXPECT_EQ(patch_text(R"({"a":1,"b":{"c":2,"d":3}})", R"({"a":1,"b":{"c":2,"d":4}})"), R"({"b":{"d":4}})");
  EXPECT_EQ(patch_text(R"({"a":1})", R"({"a":1})"), "{}");
}

TEST(merge_patch, removes_by_null_and_replaces_lists_whole) {
  EXPECT_EQ(patch_text(R"({"a":1,"b":2})", R"({"b":2})"), R"({"a":null})");
  EXPECT_EQ(patch_text(R"({"l":[1,2]})", R"({"l":[1,null]})"), R"({"l":[1,null]})");
}

TEST(merge_patch, a_member_that_becomes_null_cannot_be_said) {
  EXPECT_EQ(patch_text(R"({"a":1})", R"({"a":null})"), "nothing can say it");
  EXPECT_EQ(patch_text(R"({"a":1})", R"({"a":{"b":null}})"), "nothing can say it");
  EXPECT_EQ(patch_text(R"({"a":null})", R"({"a":null})"), "{}") << "one that is null already need not be said";
  EXPECT_EQ(patch_text("[1]", "[2]"), "nothing can say it");
}

TEST(merge_patch, brings_any_document_to_any_other) {
  std::mt19937 random{7396};
  for (int i = 0; i < 2'000; ++i) {
    json::value before = json::object{{"of", random_document(random, 3)}}, after = json::object{{"of", random_document(random, 3)}};
    auto patch = merge_patch_between(before, after);
    ASSERT_TRUE(patch);
    ASSERT_EQ(patched(before, *patch), after) << json::serialize(before) << " by " << json::serialize(*patch);
  }
}

#include <gtest/gtest.h>

#include <random>

#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/content_hash.hpp"
#include "tests/audit/canonical.hpp"

/// Two programs that were written apart from each other have to agree on what is hashed.
namespace {

std::string lodes_form(const std::string& text, const lode::ignored_fields& ignored = {}) {
  std::string out;
  auto failure = lode::canonical_form(text, ignored, out);
  return failure ? "error" : out;
}

std::string audits_form(const std::string& text, const audit::ignored_paths& ignored = {}) {
  audit::canonical_maker maker;
  return maker.make(text, ignored) ? std::string{maker.result()} : "error";
}

/// Random JSON from a small stock of awkward parts, so that keys meet again.
class json_maker {
public:
  explicit json_maker(uint32_t seed) : random_(seed) {}

  std::string value(int depth = 0) {
    auto kind = pick(depth < 4 ? 8 : 5);
    if (kind > 5)
      return group(depth, kind == 6);
    static const char* const scalars[] = {"null", "true", "false", "1.10", "1.1", "-0", "12e5", "1E+2", "0.30", "0",
                                          "123456789012345678901234567890", "-9223372036854775809", "1e-400"};
    return kind < 3 ? string() : scalars[pick(std::size(scalars))];
  }

private:
  size_t pick(size_t count) { return random_() % count; }

  std::string string() {
    static const char* const parts[] = {"a", "b", "\\u0061", "\\\"", "\\\\", "\\/", "/", "\\n", "\\u000a", "\\u001F",
                                        "\\u0000", "é", "\\u00e9", "\\ud83d\\ude00", "😀", "\\ud800", "\\udFFf", "~", "\x7f",
                                        "\\ud83d", "\\ude00", "\\\\u0061", "\\uffff", "\\ue000"};
    std::string text = "\"";
    for (auto count = pick(4); count > 0; --count)
      text += parts[pick(std::size(parts))];
    return text + "\"";
  }

  std::string space() { return pick(4) == 0 ? " \n" : ""; }

  std::string group(int depth, bool is_object) {
    std::string text = is_object ? "{" : "[";
    for (size_t i = 0, count = pick(6); i < count; ++i)
      text += (i > 0 ? "," : "") + space() + (is_object ? string() + space() + ":" : "") + space() + value(depth + 1) + space();
    return text + (is_object ? "}" : "]");
  }

  std::mt19937 random_;
};

TEST(agreement_test, lode_and_the_audit_have_the_same_canonical_form_of_random_records) {
  for (uint32_t seed = 1; seed <= 20'000; ++seed) {
    auto text = R"({"id":1,"v":)" + json_maker{seed}.value() + "}";
    ASSERT_EQ(lodes_form(text), audits_form(text)) << "seed " << seed << ": " << text;
    ASSERT_NE(audits_form(text), "error") << "seed " << seed << ": " << text;
  }
}

TEST(agreement_test, lode_and_the_audit_leave_out_the_same_ignored_fields) {
  for (const std::string path : {"seen", "links.*.url", "links.1", "tags.*", "*.url", "links.*"}) {
    auto parts = audit::parse_path(path);
    lode::ignored_fields ignored{{lode::field_path(parts.begin(), parts.end())}};
    for (const std::string text : {R"({"seen":1,"links":[{"url":"x","id":1},{"id":2,"url":"y"}],"tags":["a","b"],"url":{"url":3}})",
                                   R"({"links":{"1":2,"b":{"url":1}},"tags":[]})"})
      EXPECT_EQ(lodes_form(text, ignored), audits_form(text, {parts})) << path << " " << text;
  }
}

TEST(agreement_test, lode_and_the_audit_hash_alike) {
  auto own = audit::hash_of(R"({"a":1})", 77);
  auto lodes = lode::hash_of(R"({"a":1})", 77);
  EXPECT_EQ(own.high, lodes.high);
  EXPECT_EQ(own.low, lodes.low);
}

} // namespace

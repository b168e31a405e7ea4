#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <map>
#include <random>

#include "messages/error.hpp"
#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/content_hash.hpp"

namespace lode {

namespace {

std::string canonical(std::string_view text, const std::vector<field_path>& ignored = {}) {
  std::string out;
  auto error = canonical_form(text, ignored_fields{ignored}, out);
  return error ? "refused: " + message_of(error) : out;
}

struct fact {
  const char* text;
  const char* canonical;
};

class canonical_fact : public ::testing::TestWithParam<fact> {};

TEST_P(canonical_fact, is_written_as_the_form_says) {
  EXPECT_EQ(canonical(GetParam().text), GetParam().canonical) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
  facts, canonical_fact,
  ::testing::Values(
    fact{" { } ", "{}"}, fact{"[ 1 , 2 ]", "[1,2]"}, fact{R"({"b":1,"a":2})", R"({"a":2,"b":1})"},
    fact{R"({"a":1,"a":2,"a":3})", R"({"a":3})"}, fact{R"({"a":1,"\u0061":2})", R"({"a":2})"},
    fact{R"({"ab":1,"a":2,"":3})", R"({"":3,"a":2,"ab":1})"},
    fact{R"({"longer_than_8_b":1,"longer_than_8_a":2})", R"({"longer_than_8_a":2,"longer_than_8_b":1})"},
    fact{R"({"Z":1,"a":2,"é":3,"\"":4,"!":5})", R"({"!":5,"\"":4,"Z":1,"a":2,"é":3})"},
    fact{R"(["\/","\b\f\n\r\t","\u001F","\u007f","\u00e9","\u2028"])",
         "[\"/\",\"\\u0008\\u000c\\u000a\\u000d\\u0009\",\"\\u001f\",\"\x7f\",\"é\",\"\xE2\x80\xA8\"]"},
    fact{R"(["\uD83D\uDE00","\uD83d","\uDE00","\uD83D\u0041","\u0000"])",
         "[\"😀\",\"\\ud83d\",\"\\ude00\",\"\\ud83dA\",\"\\u0000\"]"},
    fact{R"(["\"\\"])", R"(["\"\\"])"},
    fact{"[1.10,1e400,-0,123456789012345678901234567890,12E5]", "[1.10,1e400,-0,123456789012345678901234567890,12E5]"},
    fact{"[true,false,null,\"\"]", "[true,false,null,\"\"]"}, fact{"\xEF\xBB\xBF{}", "{}"}, fact{"7", "7"}));

class refused_text : public ::testing::TestWithParam<const char*> {};

TEST_P(refused_text, is_not_json) {
  EXPECT_TRUE(canonical(GetParam()).starts_with("refused: ")) << GetParam() << " became " << canonical(GetParam());
}

INSTANTIATE_TEST_SUITE_P(texts, refused_text,
                         ::testing::Values("", " ", "{", "}", "[1,2", "[1,2]]", "[1 2]", "{\"a\"}", "{\"a\":}", "{a:1}",
                                           "{\"a\":1,}", "[1,]", "[,1]", "01", "1.", ".5", "+1", "1e", "-", "nul",
                                           "truee", "NaN", "Infinity", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"",
                                           "\"a\"b", "\"a\" \"b\"", "1\"a\"", "\"a\nb\"", "\"\xFF\"", "\"\xC0\x80\"",
                                           "\"\xED\xA0\x80\"", "{\"a\":1 \"b\":2}", "[1}", "{\"a\":1]", "{1:2}",
                                           "[] []", "{\"a\"::1}", "[\"a\":1]", "tru e", "\x01"));

TEST(canonical_form_test, ignored_fields_are_left_out_at_any_depth) {
  auto text = R"({"id":1,"views":9,"media":[{"url":"x","id":1},{"url":"y"}],"meta":{"at":1,"by":2}})";
  EXPECT_EQ(canonical(text, {{"views"}, {"media", "*", "url"}, {"meta", "at"}, {"no", "such"}}),
            R"({"id":1,"media":[{"id":1},{}],"meta":{"by":2}})");
  EXPECT_EQ(canonical(text, {{"media", "0"}, {"meta", "*"}, {"views"}}), R"({"id":1,"media":[{"url":"y"}],"meta":{}})");
}

TEST(canonical_form_test, the_ignored_of_two_duplicate_keys_leaves_none_behind) {
  EXPECT_EQ(canonical(R"({"a":1,"v":1,"v":2})", {{"v"}}), R"({"a":1})");
}

TEST(canonical_form_test, depth_is_bounded) {
  std::string deep(1024, '[');
  EXPECT_EQ(canonical(deep + std::string(1024, ']')).size(), 2048u);
  EXPECT_TRUE(canonical("[" + deep + std::string(1025, ']')).starts_with("refused: "));
}

TEST(canonical_form_test, a_reused_document_forgets_the_former_text) {
  json_document document;
  ASSERT_FALSE(document.parse(R"({"a":[1,2,3]})"));
  EXPECT_TRUE(document.parse("{"));
  ASSERT_FALSE(document.parse("[5]"));
  EXPECT_EQ(document.root().size(), 1u);
  EXPECT_EQ(document.root().first_child().raw(), "5");
}

// -- random texts ------------------------------------------------------------------------------------------------------

/// Makes JSON texts with many spellings of the same thing: white space, escapes, order and doubles of keys.
class text_maker {
public:
  explicit text_maker(uint64_t seed) : random_(seed) {}

  std::string make() { return value(0); }

private:
  size_t below(size_t bound) { return random_() % bound; }
  std::string space() { return std::string(below(4) == 0 ? below(3) : 0, " \n\t\r"[below(4)]); }

  std::string letter() {
    static const char* letters[] = {
      "a",    "b",    "\\u0061", "\\n",     "\\u000a", "\\/",  "/",   "é", "\\u00e9", "😀", "\\ud83d\\ude00",
      "\\\"", "\\\\", "\\u0022", "\\u0001", "\\u0000", "\x7f", "\\t", "z", "Z"};
    return letters[below(std::size(letters))];
  }

  std::string text() {
    std::string result = "\"";
    for (auto n = below(below(8) == 0 ? 40 : 4); n > 0; --n)
      result += letter();
    return result + "\"";
  }

  std::string number() {
    static const char* numbers[] = {"0", "-0", "1.10", "1.1", "12e5", "1E+300", "18446744073709551616", "0.30", "-7"};
    return numbers[below(std::size(numbers))];
  }

  std::string value(int depth) {
    switch (below(depth > 4 ? 4 : 7)) {
      case 0:
        return number();
      case 1:
        return below(2) ? "true" : "null";
      case 2:
      case 3:
        return text();
      case 4:
        return sequence("[", "]", depth, [&] { return value(depth + 1); });
      default:
        return sequence("{", "}", depth, [&] { return text() + space() + ":" + space() + value(depth + 1); });
    }
  }

  template <class Make>
  std::string sequence(const char* open, const char* close, int, Make make) {
    std::string result = open + space();
    for (auto i = below(6), n = i; i > 0; --i)
      result += (i == n ? "" : ",") + space() + make() + space();
    return result + close;
  }

  std::mt19937_64 random_;
};

/// The form once more, by another parser and other code.
void append_oracle(std::string& out, const rapidjson::Value& value) {
  auto text = [&](const rapidjson::Value& item) {
    out += '"';
    for (auto letter : std::string_view{item.GetString(), item.GetStringLength()}) {
      auto byte = static_cast<unsigned char>(letter);
      char escape[8];
      if (byte == '"' || byte == '\\')
        out += {'\\', letter};
      else if (byte < 0x20)
        out.append(escape, static_cast<size_t>(std::snprintf(escape, sizeof escape, "\\u%04x", byte)));
      else
        out += letter;
    }
    out += '"';
  };
  if (value.IsObject()) {
    std::map<std::string, const rapidjson::Value*> sorted;
    std::map<std::string, const rapidjson::Value*> names;
    for (auto& member : value.GetObject()) {
      std::string key{member.name.GetString(), member.name.GetStringLength()};
      sorted[key] = &member.value;
      names[key] = &member.name;
    }
    out += '{';
    for (auto& [key, item] : sorted) {
      if (&item != &sorted.begin()->second)
        out += ',';
      text(*names[key]);
      out += ':';
      append_oracle(out, *item);
    }
    out += '}';
  } else if (value.IsArray()) {
    out += '[';
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      if (i > 0)
        out += ',';
      append_oracle(out, value[i]);
    }
    out += ']';
  } else if (value.IsString() && value.GetStringLength() > 0 && value.GetString()[0] == '\x02') {
    out.append(value.GetString() + 1, value.GetStringLength() - 1); // a number, marked by the handler below
  } else if (value.IsString()) {
    text(value);
  } else {
    out += value.IsNull() ? "null" : value.IsTrue() ? "true" : "false";
  }
}

/// Builds a document in which numbers are strings that begin with U+0002.
struct number_marker : rapidjson::Document {
  bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
    auto marked = "\x02" + std::string{text, length};
    return rapidjson::Document::String(marked.data(), static_cast<rapidjson::SizeType>(marked.size()), true);
  }
};

std::string oracle(const std::string& text) {
  number_marker document;
  rapidjson::StringStream stream{text.c_str()};
  rapidjson::Reader reader;
  auto fill = [&](rapidjson::Document& handler) {
    constexpr unsigned flags = rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag;
    return !reader.Parse<flags>(stream, static_cast<number_marker&>(handler)).IsError();
  };
  document.Populate(fill);
  std::string out;
  append_oracle(out, document);
  return out;
}

class random_texts : public ::testing::TestWithParam<uint64_t> {};

TEST_P(random_texts, agree_with_the_oracle_and_are_a_fixed_point) {
  text_maker maker{GetParam()};
  for (int i = 0; i < 400; ++i) {
    auto text = maker.make();
    auto form = canonical(text);
    ASSERT_EQ(form, oracle(text)) << "seed " << GetParam() << ": " << text;
    ASSERT_EQ(canonical(form), form) << "seed " << GetParam() << ": " << text;
  }
}

TEST_P(random_texts, have_equal_hashes_exactly_when_their_forms_are_equal) {
  text_maker maker{GetParam() + 1000};
  std::map<content_hash, std::string> known;
  for (int i = 0; i < 400; ++i) {
    auto form = canonical(maker.make());
    auto [place, is_new] = known.emplace(hash_of(form, 42), form);
    ASSERT_EQ(place->second, form) << "seed " << GetParam();
  }
}

INSTANTIATE_TEST_SUITE_P(seeds, random_texts, ::testing::Range<uint64_t>(1, 9));

TEST(random_damage, never_breaks_the_parser) {
  std::mt19937_64 random{7};
  text_maker maker{7};
  json_document document;
  for (int i = 0; i < 4000; ++i) {
    auto text = maker.make();
    for (auto n = random() % 4; n > 0 && !text.empty(); --n) {
      auto place = random() % text.size();
      if (random() % 2)
        text[place] = "{}[]:,\"\\ue1 \x80"[random() % 13];
      else
        text.erase(place, 1 + random() % 3);
    }
    if (!document.parse(text)) {
      canonical_writer writer;
      auto form = std::string{writer.write(document.root())};
      ASSERT_EQ(canonical(form), form) << text;
    }
  }
}

TEST(content_hash_test, depends_on_the_seed_and_is_written_high_word_first) {
  EXPECT_NE(hash_of("{}", 1), hash_of("{}", 2));
  EXPECT_EQ(to_text(content_hash{0x0123456789abcdef, 1}), "0123456789abcdef0000000000000001");
}

} // namespace

} // namespace lode

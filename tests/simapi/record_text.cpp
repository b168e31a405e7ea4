#include "tests/simapi/record_text.hpp"

#include "tests/simapi/random.hpp"
#include "tests/simapi/time_text.hpp"

#include <charconv>
#include <string_view>

namespace simapi {
namespace {

// Plain words, raw UTF-8, escapes, a surrogate pair and an escaped slash: what real payloads contain.
constexpr std::string_view words[] = {
  "lorem",  "ipsum",   "dolor",     "sit",  "amet",   "Größe",  "naïve",          "東京",       "\\u00e9t\\u00e9",
  "привет", "release", "and\\/or",  "🚀",   "update", "\\\"ok\\\"", "\\ud83d\\ude00", "tab\\there", "consectetur",
  "café",   "we",      "shipped",   "it",   "today",  "line\\nbreak", "مرحبا",      "number",     "seven",
  "of",     "quarter", "back\\\\slash", "in", "stock", "delivery", "customer",     "thanks",     "again"};
constexpr std::string_view first_names[] = {"Ada", "Björn", "Chloé", "Дмитрий", "Emre", "Fatima", "Grace", "羽生"};
constexpr std::string_view last_names[] = {"Lovelace", "Sørensen", "O'Neil", "García", "Nguyễn", "Straße", "Hopper", "Иванов"};
constexpr std::string_view cities[] = {"Zürich", "São Paulo", "Kraków", "Łódź", "Malmö", "大阪", "Reykjavík", "Córdoba"};

/// Writes one record. `who` holds what never changes about it, `what` its present content.
class record_writer {
public:
  record_writer(std::string& out, const record_facts& facts)
    : out_(out), facts_(facts), begin_(out.size()),
      who_(mix(facts.seed, facts.tenant, facts.stream, facts.number)), what_(mix(who_, facts.content)) {}

  record_writer& raw(std::string_view text) {
    out_ += text;
    return *this;
  }

  record_writer& integer(uint64_t value) {
    char digits[20];
    auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, static_cast<size_t>(end - digits));
    return *this;
  }

  /// A decimal with trailing zeros, such as `12.10`: as text it differs from what a double would print.
  record_writer& decimal(uint64_t hash) {
    integer(hash % 5000).raw(".");
    return integer(hash / 5000 % 10).raw("0");
  }

  /// An integer far beyond 64 bits.
  record_writer& huge(uint64_t hash) {
    return integer(1'000'000'000'000'000'000ull + hash % 8'000'000'000'000'000'000ull).integer(100'000'000 + hash % 899'999'999);
  }

  template <size_t N>
  record_writer& pick(const std::string_view (&from)[N], uint64_t hash) {
    return raw(from[hash % N]);
  }

  record_writer& key() {
    return raw(key_text(facts_.stream, facts_.account, facts_.number, facts_.parent));
  }

  record_writer& seconds(int64_t time, std::string_view zone) {
    append_seconds(out_, time);
    return raw(zone);
  }

  record_writer& milliseconds(int64_t time) {
    append_milliseconds(out_, time);
    return raw("Z");
  }

  /// Words until the record, with what still has to follow, has the wanted length (at least one word).
  record_writer& filler(size_t still_to_come) {
    random_sequence random{what_};
    do {
      pick(words, random.next() >> 20).raw(" ");
    } while (out_.size() - begin_ + still_to_come + 8 < facts_.bytes);
    out_.back() = '.';
    return *this;
  }

  uint64_t who() const { return who_; }
  uint64_t what() const { return what_; }

private:
  std::string& out_;
  const record_facts& facts_;
  size_t begin_;
  uint64_t who_;
  uint64_t what_;
};

void append_post(record_writer& to, const record_facts& facts) {
  auto who = to.who(), what = to.what();
  to.raw(R"({"id":")").key().raw(R"(","from":{"id":")").integer(facts.account).raw(R"(","name":")");
  to.pick(cities, mix(facts.seed, facts.tenant)).raw(R"( Café"},"created_time":")").seconds(facts.created_at, "+0000");
  to.raw(R"(","updated_time":")").seconds(facts.updated_at, "+0000").raw(R"(","permalink_url":"https:\/\/graph.test\/)").key();
  to.raw(R"(","shares":{"count":)").integer(what % 900).raw(R"(},"insights":{"reach":)").huge(what).raw(R"(,"rate":)").decimal(what);
  to.raw(R"(,"score":)").integer(1 + what % 90).raw(R"(e5},"is_published":)").raw(what % 7 ? "true" : "false");
  to.raw(R"(,"place":null,"tags":[")").pick(cities, who).raw(R"(",")").pick(words, what >> 8).raw(R"("],"message":")").filler(2).raw(R"("})");
}

void append_comment(record_writer& to, const record_facts& facts) {
  auto who = to.who(), what = to.what();
  to.raw(R"({"id":")").key().raw(R"(","created_time":")").seconds(facts.created_at, "+0000").raw(R"(","from":{"id":")");
  to.integer(who % 1'000'000'000'000ull).raw(R"(","name":")").pick(first_names, who).raw(" ").pick(last_names, who >> 8);
  to.raw(R"("},"like_count":)").integer(what % 50).raw(R"(,"user_likes":false,"attachment":null,"score":)").decimal(what);
  to.raw(R"(,"message":")").filler(2).raw(R"("})");
}

void append_contact(record_writer& to, const record_facts& facts) {
  auto who = to.who(), what = to.what();
  to.raw(R"({"id":")").key().raw(R"(","properties":{"email":"person.)").integer(facts.number).raw(R"(@example.test","firstname":")");
  to.pick(first_names, who).raw(R"(","lastname":")").pick(last_names, who >> 8).raw(R"(","city":")").pick(cities, what);
  to.raw(R"(","lifetime_value":)").decimal(what).raw(R"(,"external_ref":)").huge(who).raw(R"(,"score":)").integer(1 + what % 9).raw("E-2");
  to.raw(R"(,"owner":{"id":)").integer(who % 90).raw(R"(,"teams":[1,)").integer(what % 40).raw(R"(]},"notes":")").filler(111);
  to.raw(R"("},"createdAt":")").milliseconds(facts.created_at).raw(R"(","updatedAt":")").milliseconds(facts.updated_at);
  to.raw(R"(","archived":false})");
}

void append_order(record_writer& to, const record_facts& facts) {
  auto who = to.who(), what = to.what();
  to.raw(R"({"id":)").key().raw(R"(,"admin_id":"gid:\/\/shop\/Order\/)").key().raw(R"(","created_at":")").seconds(facts.created_at, "+00:00");
  to.raw(R"(","updated_at":")").seconds(facts.updated_at, "+00:00").raw(R"(","currency":"EUR","total_price":")").decimal(what);
  to.raw(R"(","total_weight":)").decimal(who).raw(R"(,"customer":{"first_name":")").pick(first_names, who).raw(R"(","city":")").pick(cities, who >> 8);
  to.raw(R"("},"line_items":[{"sku":")").integer(what % 99'999).raw(R"(","quantity":)").integer(1 + what % 5).raw(R"(,"price":)").decimal(what >> 9);
  to.raw(R"(}],"checksum":)").huge(what).raw(R"(,"cancelled_at":null,"note":")").filler(2).raw(R"("})");
}

void append_product(record_writer& to, const record_facts& facts) {
  auto who = to.who(), what = to.what();
  to.raw(R"({"id":)").key().raw(R"(,"title":")").pick(words, who).raw(" ").pick(cities, who >> 8).raw(R"(","created_at":")");
  to.seconds(facts.created_at, "+00:00").raw(R"(","updated_at":")").seconds(facts.updated_at, "+00:00").raw(R"(","variants":[{"id":)");
  to.integer(who % 100'000'000).raw(R"(,"price":")").decimal(what).raw(R"(","grams":)").decimal(who).raw(R"(},{"id":)").integer(what % 100'000'000);
  to.raw(R"(,"price":null}],"stock":{"Zürich":)").integer(what % 300).raw(R"(,"barcode":)").huge(who);
  to.raw(R"(},"body_html":"<p>)").filler(6).raw(R"(<\/p>"})");
}

void append_customer(record_writer& to, const record_facts& facts) {
  auto who = to.who(), what = to.what();
  to.raw(R"({"id":)").key().raw(R"(,"email":"c)").integer(who % 1'000'000).raw(R"(@example.test","first_name":")").pick(first_names, who);
  to.raw(R"(","last_name":")").pick(last_names, who >> 8).raw(R"(","created_at":")").seconds(facts.created_at, "+00:00");
  to.raw(R"(","updated_at":")").seconds(facts.updated_at, "+00:00").raw(R"(","orders_count":)").integer(what % 40);
  to.raw(R"(,"total_spent":)").decimal(what).raw(R"(,"loyalty":)").huge(what).raw(R"(,"addresses":[{"city":")").pick(cities, what >> 4);
  to.raw(R"(","default":true}],"verified_email":)").raw(who % 3 ? "true" : "false").raw(R"(,"note":")").filler(2).raw(R"("})");
}

} // namespace

void append_record(std::string& out, const record_facts& facts) {
  record_writer to{out, facts};
  switch (facts.stream) {
    case stream_kind::posts: return append_post(to, facts);
    case stream_kind::comments: return append_comment(to, facts);
    case stream_kind::contacts: return append_contact(to, facts);
    case stream_kind::orders: return append_order(to, facts);
    case stream_kind::products: return append_product(to, facts);
    case stream_kind::customers: return append_customer(to, facts);
  }
}

std::string key_text(stream_kind stream, uint64_t account, uint64_t number, uint64_t parent) {
  if (stream == stream_kind::posts)
    return std::to_string(account) + '_' + std::to_string(number);
  if (stream == stream_kind::comments)
    return std::to_string(parent) + '_' + std::to_string(number);
  return std::to_string(number);
}

uint64_t number_in_key(const std::string& key) {
  auto from = key.rfind('_') + 1; // npos + 1 = 0: the whole text
  uint64_t number = 0;
  auto [end, error] = std::from_chars(key.data() + from, key.data() + key.size(), number);
  return error == std::errc{} && end == key.data() + key.size() ? number : 0;
}

} // namespace simapi

#include "bench/posts/post_text.hpp"

#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

using namespace std::literals;

constexpr size_t form_count = 64;

// In a form's text these stand, repeated, where digits belong.
constexpr char account_mark = '\1';
constexpr char number_mark = '\2';
constexpr char reach_mark = '\3';
constexpr size_t account_width = 10;
constexpr size_t number_width = 9;
constexpr size_t reach_width = 15;
constexpr uint64_t first_account = 1'000'000'000;
constexpr uint64_t first_number = 100'000'000;
constexpr uint64_t first_reach = 100'000'000'000'000;

// What real payloads contain: plain words, raw UTF-8, escapes.
constexpr std::array words{"release"sv, "Größe"sv,  "update"sv,   "東京"sv,     "in"sv,    "and\\/or"sv, "shipped"sv, "привет"sv,
                           "today"sv,   "number"sv, "we"sv,       "\\u00e9t\\u00e9"sv, "of"sv, "stock"sv, "café"sv,   "quarter"sv,
                           "thanks"sv,  "seven"sv,  "delivery"sv, "again"sv,    "🚀"sv,    "line\\nbreak"sv};
constexpr std::array cities{"Zürich"sv, "Kraków"sv, "Malmö"sv, "Reykjavík"sv, "Córdoba"sv, "大阪"sv};

class random_sequence {
public:
  explicit random_sequence(uint64_t seed) : state_(seed) {}
  uint64_t next() { return state_ = mix(state_); }
  uint64_t below(uint64_t end) { return next() % end; }
  template <class Range>
  std::string pick(const Range& from) {
    return std::string{from[below(from.size())]};
  }

private:
  uint64_t state_;
};

/// A member of an object: `text` is its value, or `members` are those of the object that it is.
struct member {
  std::string key;
  std::string text;
  std::vector<member> members = {};
};

void append_object(std::string& out, std::vector<member> members, random_sequence* order) {
  if (order)
    for (size_t i = members.size(); i > 1; --i)
      std::swap(members[i - 1], members[order->below(i)]);
  out += '{';
  for (auto& each : members) {
    out.append(&each == &members.front() ? "\"" : ",\"").append(each.key).append("\":");
    if (each.members.empty())
      out += each.text;
    else
      append_object(out, std::move(each.members), order);
  }
  out += '}';
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

/// A time of 2024.
std::string time_text(random_sequence& random) {
  std::string out = "2024-";
  auto add = [&](uint64_t least, uint64_t count, std::string_view end) {
    out.append(std::to_string(100 + least + random.below(count)), 1, 2).append(end);
  };
  add(1, 12, "-");
  add(1, 28, "T");
  add(0, 24, ":");
  add(0, 60, ":");
  add(0, 60, "+0000");
  return quoted(out);
}

/// Words, exactly so many bytes.
std::string message_text(random_sequence& random, size_t bytes) {
  std::string out;
  for (;;) {
    auto word = random.pick(words) + ' ';
    if (out.size() + word.size() > bytes)
      break;
    out += word;
  }
  return out.append(bytes - out.size(), 'x');
}

std::vector<member> members_of(uint64_t content, size_t message_bytes) {
  random_sequence random{content};
  const std::string account(account_width, account_mark);
  const std::string number(number_width, number_mark);
  const std::string reach(reach_width, reach_mark);
  std::vector<member> out;
  out.push_back({"id", quoted(account + "_" + number)});
  out.push_back({"from", "", {{"id", quoted(account)}, {"name", quoted(random.pick(cities) + " Café")}}});
  out.push_back({"created_time", time_text(random)});
  out.push_back({"updated_time", time_text(random)});
  out.push_back({"permalink_url", quoted("https:\\/\\/posts.test\\/" + account + "\\/posts\\/" + number)});
  out.push_back({"shares", "", {{"count", std::to_string(random.below(900))}}});
  out.push_back({"insights",
                 "",
                 {{"reach", reach},
                  {"rate", std::to_string(random.below(100)) + ".10"},
                  {"score", std::to_string(1 + random.below(90)) + "e5"}}});
  out.push_back({"is_published", random.below(7) ? "true" : "false"});
  out.push_back({"place", "null"});
  out.push_back({"tags", "[" + quoted(random.pick(words)) + "]"});
  out.push_back({"message", quoted(message_text(random, message_bytes))});
  return out;
}

std::string object_text(std::vector<member> members, random_sequence* order) {
  std::string out;
  append_object(out, std::move(members), order);
  return out;
}

void put_digits(char* to, size_t width, uint64_t value) {
  for (; width > 0; value /= 10)
    to[--width] = static_cast<char>('0' + value % 10);
}

} // namespace

uint64_t mix(uint64_t a, uint64_t b, uint64_t c) {
  auto x = a + 0x9E3779B97F4A7C15u * (b + 1) + 0xC2B2AE3D27D4EB4Fu * c;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

std::string account_of(uint32_t tenant) {
  return std::to_string(first_account + tenant);
}

std::optional<uint32_t> tenant_of(std::string_view account) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(account.data(), account.data() + account.size(), value);
  if (account.size() != account_width || error != std::errc{} || end != account.data() + account.size()
      || value < first_account)
    return std::nullopt;
  return static_cast<uint32_t>(value - first_account);
}

std::string post_key(uint32_t tenant, uint32_t number) {
  return account_of(tenant) + '_' + std::to_string(first_number + number);
}

post_writer::post_writer(uint64_t seed, uint32_t pass) : seed_(seed) {
  for (uint64_t i = 0; i < form_count; ++i)
    forms_.push_back(make_form(mix(seed, i), pass == 0 ? 0 : mix(seed, i, pass) | 1));
}

/// `order` 0: the keys as members_of() has them.
post_writer::form post_writer::make_form(uint64_t content, uint64_t order) {
  auto without_message = object_text(members_of(content, 0), nullptr).size();
  if (without_message > record_bytes)
    throw std::logic_error{"a post without its message has " + std::to_string(without_message) + " bytes"};
  random_sequence shuffled{order};
  form out;
  out.text = object_text(members_of(content, record_bytes - without_message), order == 0 ? nullptr : &shuffled);
  auto note = [&](char mark, size_t width, digits what) {
    for (auto at = out.text.find(mark); at != std::string::npos; at = out.text.find(mark, at + width))
      out.slots.push_back({static_cast<uint16_t>(at), what});
  };
  note(account_mark, account_width, digits::account);
  note(number_mark, number_width, digits::number);
  note(reach_mark, reach_width, digits::reach);
  return out;
}

void post_writer::append(std::string& out, uint32_t tenant, uint32_t number, uint32_t version) const {
  auto hash = mix(version == 0 ? seed_ : mix(seed_, version), tenant, number);
  struct {
    char account[account_width], number[number_width], reach[reach_width];
  } values;
  put_digits(values.account, account_width, first_account + tenant);
  put_digits(values.number, number_width, first_number + number);
  put_digits(values.reach, reach_width, first_reach + hash % (9 * first_reach));
  const auto& form = forms_[hash % form_count];
  auto begin = out.size();
  out += form.text;
  for (auto slot : form.slots) {
    auto* to = out.data() + begin + slot.offset;
    switch (slot.what) {
      case digits::account:
        std::memcpy(to, values.account, account_width);
        break;
      case digits::number:
        std::memcpy(to, values.number, number_width);
        break;
      case digits::reach:
        std::memcpy(to, values.reach, reach_width);
        break;
    }
  }
}

} // namespace bench

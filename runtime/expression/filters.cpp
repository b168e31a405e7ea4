#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>

#include "runtime/expression/functions.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/expression/python_literal.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/text_functions.hpp"
#include "runtime/expression/utf8.hpp"

namespace lode::expression {

namespace {

std::string text_or(const value& given, std::string_view otherwise) {
  return given.is(kind::undefined) ? std::string{otherwise} : to_text(given);
}

// -- conversion ------------------------------------------------------------------------------------

/// A text as a number the way int() and float() read it: surrounding space is fine.
std::optional<value> read_number(const value& item) {
  if (item.is_numeric())
    return item;
  if (!item.is(kind::string))
    return std::nullopt;
  auto text = strip(item.string(), "", side::both);
  bool is_negative = text.starts_with('-');
  auto start = text.find_first_not_of("+-");
  // int("007") is 7 although 007 is no literal.
  auto zeros = std::min(text.find_first_not_of("0", start), text.size());
  if (start != text.npos && start <= 1 && zeros > start && zeros < text.size() && text[zeros] >= '0' && text[zeros] <= '9')
    text = (is_negative ? "-" : "") + text.substr(zeros);
  auto found = read_python_literal(text);
  return found && found->is_numeric() && !found->is(kind::boolean) && text.find_first_of("xXoObB") == text.npos ? found
                                                                                                               : std::nullopt;
}

value to_integer(evaluation& run, function_arguments given) {
  auto otherwise = given[1].is(kind::undefined) ? value{0} : given[1];
  if (given[0].is(kind::undefined))
    return run.fail_undefined(given[0], "its number");
  if (auto base = integer_or(run, given[2], 10); base != 10 && given[0].is(kind::string)) {
    auto found = base >= 2 && base <= 36 ? std::strtoll(given[0].string().c_str(), nullptr, static_cast<int>(base)) : 0;
    return static_cast<int64_t>(found);
  }
  auto number = read_number(given[0]);
  if (!number)
    return otherwise;
  if (number->is(kind::boolean))
    return int64_t{number->boolean()};
  if (number->is(kind::real) && std::abs(number->real()) < 9.2e18)
    return static_cast<int64_t>(number->real());
  return number->is(kind::real) ? otherwise : *number;
}

value to_float(evaluation& run, function_arguments given) {
  if (given[0].is(kind::undefined))
    return run.fail_undefined(given[0], "its number");
  auto number = read_number(given[0]);
  if (number)
    return number->as_double();
  return given[1].is(kind::undefined) ? value{0.0} : given[1];
}

// Text stays; the rest is JSON in triple quotes, so that the literal reader makes it text again.
value to_string(evaluation& run, function_arguments given) {
  if (given[0].is(kind::string))
    return given[0];
  auto json = to_json(given[0], {.compact = false, .ascii = true});
  return json ? value{"\"\"\"" + *json + "\"\"\""} : run.fail(json.error().message);
}

value to_list(evaluation& run, function_arguments given) {
  return elements(run, given[0]);
}

value tojson(evaluation& run, function_arguments given) {
  auto json = to_json(given[0], {.compact = false, .ascii = true, .sorted_keys = true});
  if (!json)
    return run.fail(json.error().message);
  std::string out;
  for (char c : *json) {
    constexpr std::string_view markup = "<>&'";
    constexpr std::string_view codes[] = {"\\u003c", "\\u003e", "\\u0026", "\\u0027"};
    auto at = markup.find(c);
    out += at == markup.npos ? std::string_view{&c, 1} : codes[at];
  }
  return out;
}

value default_to(evaluation&, function_arguments given) {
  bool is_missing = given[0].is(kind::undefined) || (is_true(given[2]) && !is_true(given[0]));
  if (!is_missing)
    return given[0];
  return given[1].is(kind::undefined) ? value{""} : given[1];
}

// -- lists -------------------------------------------------------------------------------------------

value count(evaluation& run, function_arguments given) {
  if (given[0].is(kind::string))
    return length(given[0].string());
  if (given[0].is(kind::map))
    return given[0].map().size();
  return elements(run, given[0]).size();
}

value first(evaluation& run, function_arguments given) {
  auto items = elements(run, given[0]);
  return items.empty() ? value{undefined_value{"the first of nothing"}} : items.front();
}

value last(evaluation& run, function_arguments given) {
  auto items = elements(run, given[0]);
  return items.empty() ? value{undefined_value{"the last of nothing"}} : items.back();
}

/// `a.b.0`: the way to an attribute, an integer part is an index.
value read_path(evaluation& run, value item, std::string_view path) {
  for (;;) {
    auto end = std::min(path.find('.'), path.size());
    auto part = path.substr(0, end);
    bool is_index = !part.empty() && part.find_first_not_of("0123456789") == part.npos && part.size() < 10;
    item = read_index(run, item, is_index ? value{std::stoll(std::string{part})} : value{part});
    if (run.failed() || end == path.size())
      return item;
    path.remove_prefix(end + 1);
  }
}

value join(evaluation& run, function_arguments given) {
  auto separator = text_or(given[1], "");
  std::string out;
  bool is_first = true;
  for (auto& each : elements(run, given[0])) {
    auto item = given[2].is(kind::string) ? read_path(run, each, given[2].string()) : each;
    out += (is_first ? "" : separator) + to_text(item);
    is_first = false;
  }
  return out;
}

value map(evaluation& run, function_arguments given) {
  value_list out;
  auto* row = given[1].is(kind::string) ? find_row(filter_table(), given[1].string()) : nullptr;
  if (row == nullptr && given[2].is(kind::undefined))
    return run.fail("map expects the name of a filter or attribute=..., found " + to_repr(given[1]).substr(0, 40));
  for (auto& each : elements(run, given[0])) {
    if (row == nullptr) {
      auto found = read_path(run, each, to_text(given[2]));
      out.push_back(found.is(kind::undefined) && !given[3].is(kind::undefined) ? given[3] : found);
      continue;
    }
    value_list arguments(8);
    arguments[0] = each;
    for (size_t i = 4; i < given.size() && i < 10; ++i)
      arguments[i - 3] = given[i];
    out.push_back(row->call(run, arguments));
  }
  return out;
}

value choose(evaluation& run, function_arguments given, bool by_attribute, bool wanted) {
  auto& test = given[by_attribute ? 2 : 1];
  auto& operand = given[by_attribute ? 3 : 2];
  auto* row = test.is(kind::string) ? find_row(test_table(), test.string() == "equalto" || test.string() == "==" ? "eq" : test.string()) : nullptr;
  if (row == nullptr && !test.is(kind::undefined))
    return run.fail("unknown test " + to_repr(test).substr(0, 40) + "; known: " + row_names(test_table()));
  value_list out;
  for (auto& each : elements(run, given[0])) {
    auto subject = by_attribute ? read_path(run, each, to_text(given[1])) : each;
    value_list arguments{subject, operand};
    if (is_true(row == nullptr ? subject : row->call(run, arguments)) == wanted)
      out.push_back(each);
  }
  return out;
}

value select(evaluation& run, function_arguments given) {
  return choose(run, given, false, true);
}
value reject(evaluation& run, function_arguments given) {
  return choose(run, given, false, false);
}
value selectattr(evaluation& run, function_arguments given) {
  return choose(run, given, true, true);
}
value rejectattr(evaluation& run, function_arguments given) {
  return choose(run, given, true, false);
}

// Jinja ignores case when it compares texts in unique and sort.
value folded(const value& item) {
  return item.is(kind::string) ? value{to_lower(item.string())} : item;
}

value unique(evaluation& run, function_arguments given) {
  value_list out, seen;
  for (auto& each : elements(run, given[0])) {
    auto key = folded(each);
    if (std::any_of(seen.begin(), seen.end(), [&](auto& old) { return equal(old, key); }))
      continue;
    if (seen.size() > 10'000)
      return run.fail("unique takes at most 10,000 different items");
    seen.push_back(key);
    out.push_back(each);
  }
  return out;
}

value sort(evaluation& run, function_arguments given) {
  auto items = elements(run, given[0]);
  auto key = [&](const value& item) {
    return folded(given[2].is(kind::string) ? read_path(run, item, given[2].string()) : item);
  };
  std::stable_sort(items.begin(), items.end(), [&](auto& left, auto& right) { return compare(run, key(left), key(right)) < 0; });
  if (is_true(given[1]))
    std::reverse(items.begin(), items.end());
  return items;
}

value reverse(evaluation& run, function_arguments given) {
  auto items = elements(run, given[0]);
  std::reverse(items.begin(), items.end());
  if (!given[0].is(kind::string))
    return items;
  std::string out;
  for (auto& each : items)
    out += each.string();
  return out;
}

value items(evaluation& run, function_arguments given) {
  value_list out;
  if (given[0].is(kind::undefined))
    return out;
  if (!given[0].is(kind::map))
    return run.fail("items expects a map, found " + std::string{kind_name(given[0].kind())});
  for (auto& [key, item] : given[0].map())
    out.emplace_back(value_list{key, item});
  return out;
}

// -- numbers -------------------------------------------------------------------------------------------

value absolute(evaluation& run, function_arguments given) {
  if (given[0].is(kind::integer) && given[0].integer() != INT64_MIN)
    return std::abs(given[0].integer());
  return given[0].is_numeric() ? value{std::abs(given[0].as_double())} : run.fail("abs expects a number");
}

value round(evaluation& run, function_arguments given) {
  if (!given[0].is_numeric())
    return run.fail("round expects a number, found " + std::string{kind_name(given[0].kind())});
  auto scale = std::pow(10.0, static_cast<double>(integer_or(run, given[1], 0)));
  auto method = text_or(given[2], "common");
  auto scaled = given[0].as_double() * scale;
  return (method == "ceil" ? std::ceil(scaled) : method == "floor" ? std::floor(scaled) : std::nearbyint(scaled)) / scale;
}

value extreme(evaluation& run, const value& all, int wanted) {
  auto items = elements(run, all);
  value best = items.empty() ? value{} : items[0];
  for (auto& each : items)
    if (compare(run, folded(each), folded(best)) * wanted > 0)
      best = each;
  return best;
}

value largest(evaluation& run, function_arguments given) {
  return extreme(run, given[0], 1);
}
value smallest(evaluation& run, function_arguments given) {
  return extreme(run, given[0], -1);
}

// -- text ------------------------------------------------------------------------------------------------

value lower(evaluation&, function_arguments given) {
  return to_lower(to_text(given[0]));
}
value upper(evaluation&, function_arguments given) {
  return to_upper(to_text(given[0]));
}
value title(evaluation&, function_arguments given) {
  return capitalize(to_text(given[0]), true);
}
value capitalized(evaluation&, function_arguments given) {
  return capitalize(to_text(given[0]), false);
}
value trim(evaluation&, function_arguments given) {
  return strip(to_text(given[0]), text_or(given[1], ""), side::both);
}
value replace(evaluation& run, function_arguments given) {
  return replace_text(run, to_text(given[0]), to_text(given[1]), to_text(given[2]), integer_or(run, given[3], -1));
}

value urlencode(evaluation& run, function_arguments given) {
  if (!given[0].is(kind::map) && !given[0].is(kind::list))
    return url_encode(to_text(given[0]), "/", false);
  std::string out;
  auto pairs = given[0].is(kind::map) ? items(run, given) : given[0];
  for (auto& each : pairs.list()) {
    if (!each.is(kind::list) || each.list().size() != 2)
      return run.fail("urlencode expects text, a map or a list of pairs");
    out += (out.empty() ? "" : "&") + url_encode(to_text(each.list()[0]), "", true) + "="
           + url_encode(to_text(each.list()[1]), "", true);
  }
  return out;
}

value base64encode(evaluation& run, function_arguments given) {
  if (!given[0].is(kind::string))
    return run.fail("base64encode expects text, found " + std::string{kind_name(given[0].kind())});
  return base64_encode(given[0].string());
}

value base64decode(evaluation& run, function_arguments given) {
  std::string bytes;
  if (!given[0].is(kind::string) || !base64_decode(given[0].string(), bytes))
    return run.fail("base64decode expects base64 text");
  return bytes;
}

std::string to_hex(const unsigned char* bytes, size_t size) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; i < size; ++i)
    out += {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
  return out;
}

value hash(evaluation& run, function_arguments given) {
  constexpr std::string_view known[] = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"};
  auto name = text_or(given[1], "md5");
  if (std::find(std::begin(known), std::end(known), name) == std::end(known))
    return run.fail("unknown hash '" + name.substr(0, 20) + "'; known: md5, sha1, sha224, sha256, sha384, sha512");
  auto text = to_text(given[0]) + (is_true(given[2]) ? to_text(given[2]) : "");
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_get_digestbyname(name.c_str()), nullptr) != 1)
    return run.fail("the hash '" + name + "' is not available on this machine");
  return to_hex(digest, size);
}

value hmac(evaluation& run, function_arguments given) {
  if (text_or(given[2], "sha256") != "sha256")
    return run.fail("hmac knows sha256 only, found '" + to_text(given[2]).substr(0, 20) + "'");
  auto key = to_text(given[1]), text = to_text(given[0]);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest, &size);
  return to_hex(digest, size);
}

value regex_search(evaluation& run, function_arguments given) {
  re2::RE2 pattern{to_text(given[1]), re2::RE2::Quiet};
  if (!pattern.ok())
    return run.fail("the pattern of regex_search can't be used: " + pattern.error());
  std::string group;
  bool has_group = pattern.NumberOfCapturingGroups() > 0;
  return has_group && re2::RE2::PartialMatch(to_text(given[0]), pattern, &group) ? group : std::string{};
}

value regex_replace(evaluation& run, function_arguments given) {
  re2::RE2 pattern{to_text(given[1]), re2::RE2::Quiet};
  auto with = to_text(given[2]);
  std::string why;
  if (!pattern.ok() || !pattern.CheckRewriteString(with, &why))
    return run.fail("regex_replace can't be used: " + (pattern.ok() ? why : pattern.error()));
  auto text = to_text(given[0]);
  re2::RE2::GlobalReplace(&text, pattern, with);
  return text;
}

constexpr function_row rows[] = {
  {"string", "", 0, to_string},
  {"int", "default base", 0, to_integer},
  {"float", "default", 0, to_float},
  {"list", "", 0, to_list},
  {"tojson", "", 0, tojson},
  {"default", "default_value boolean", 0, default_to},
  {"d", "default_value boolean", 0, default_to},
  {"length", "", 0, count},
  {"count", "", 0, count},
  {"first", "", 0, first},
  {"last", "", 0, last},
  {"join", "d attribute", 0, join},
  {"map", "name attribute default ...", 0, map},
  {"select", "test operand", 0, select},
  {"reject", "test operand", 0, reject},
  {"selectattr", "attribute test operand", 1, selectattr},
  {"rejectattr", "attribute test operand", 1, rejectattr},
  {"unique", "", 0, unique},
  {"sort", "reverse attribute", 0, sort},
  {"reverse", "", 0, reverse},
  {"items", "", 0, items},
  {"abs", "", 0, absolute},
  {"round", "precision method", 0, round},
  {"max", "", 0, largest},
  {"min", "", 0, smallest},
  {"lower", "", 0, lower},
  {"upper", "", 0, upper},
  {"title", "", 0, title},
  {"capitalize", "", 0, capitalized},
  {"trim", "chars", 0, trim},
  {"replace", "old new count", 2, replace},
  {"urlencode", "", 0, urlencode},
  {"base64encode", "", 0, base64encode},
  {"base64decode", "", 0, base64decode},
  {"hash", "hash_type salt", 0, hash},
  {"hmac", "key hash_type", 1, hmac},
  {"regex_search", "regex", 1, regex_search},
  {"regex_replace", "regex replacement", 2, regex_replace},
};

} // namespace

std::span<const function_row> filter_table() {
  return rows;
}

} // namespace lode::expression

#include "runtime/manifest/connection_check.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "config/text_values.hpp"
#include "runtime/manifest/schema_words.hpp"
#include "runtime/security/redact.hpp"

namespace lode {

namespace {

using namespace schema_words;
using expression::kind;
using expression::value;
using expression::value_map;

constexpr std::array<std::string_view, 3> combinations{"oneOf", "anyOf", "allOf"};

bool is_set(const value& item, std::string_view key) {
  const auto* found = at(item, key);
  return found && expression::is_true(*found);
}

std::string quoted(std::string_view text) {
  return "\"" + std::string{text} + "\"";
}

// -- what schemas say of their properties ------------------------------------------------------------------------------

bool holds_secret(const value& schema) {
  if (is_set(schema, "airbyte_secret"))
    return true;
  if (const auto* properties = map_at(schema, "properties"))
    for (const auto& [key, property] : *properties)
      if (holds_secret(property))
        return true;
  for (auto combination : combinations)
    if (const auto* choices = list_at(schema, combination))
      if (std::ranges::any_of(*choices, holds_secret))
        return true;
  return false;
}

/// Adds the names that `schema` and its alternatives declare. False: it allows others as well.
bool declares_all(const value& schema, std::vector<std::string>& names) {
  const auto* more = at(schema, "additionalProperties");
  if ((more && (more->is(kind::map) || expression::is_true(*more))) || at(schema, "patternProperties") || at(schema, "$ref"))
    return false;
  if (const auto* properties = map_at(schema, "properties"))
    for (const auto& [key, property] : *properties)
      names.push_back(key);
  for (auto combination : combinations)
    if (const auto* choices = list_at(schema, combination))
      for (const auto& choice : *choices)
        if (!declares_all(choice, names))
          return false;
  return true;
}

// -- the check ---------------------------------------------------------------------------------------------------------

/// One value on its way through its schema.
struct place {
  std::string path;        ///< "auth.code", as it stands in its part; "" = the whole
  std::string_view part;   ///< "configuration" or "secrets"; "" = the whole
  bool is_judged = true;   ///< the client gives it now
  bool is_shown = false;   ///< may be quoted: is no secret

  /// Without a colon behind the key: what follows "api_key:" is masked in answers as if it were one.
  std::string name() const { return part.empty() ? "what the connection gives" : std::string{part} + ": " + path; }
};

class connection_check {
public:
  connection_check(const value_map& secrets, given_part given) : secrets_(secrets), given_(given) {}

  void check(const value& schema, const value& item, const place& where, bool is_alternative = false) {
    if (!schema.is(kind::map))
      return;
    auto allowed = allowed_types(schema);
    if (!allowed.empty() && std::ranges::none_of(allowed, [&](const auto& each) { return has_type(item, each.type); }))
      return complain(where, "is " + found_words(item) + ", expected " + expected_words(schema) + advice(schema, item));
    check_choice(schema, item, where);
    check_text(schema, item, where);
    check_number(schema, item, where);
    if (const auto* elements = at(schema, "items"); elements && item.is(kind::list))
      check_elements(*elements, item, where);
    if (item.is(kind::map))
      check_object(schema, item, where, is_alternative);
    check_alternatives(schema, item, where);
  }

  std::vector<std::string> take() && { return std::move(mistakes_); }

private:
  void complain(const place& where, const std::string& what) {
    if (where.is_judged)
      mistakes_.push_back(where.name() + " " + what);
  }

  static std::string advice(const value& schema, const value& item) {
    if (item.is(kind::none))
      return "; leave the key out where there is nothing to say";
    const auto expected = expected_words(schema);
    if (item.is(kind::string) && (expected == "a whole number" || expected == "a number" || expected == "true or false"))
      return ", without quotes";
    return is_number(item) && expected == "a text" ? ", in quotes" : "";
  }

  static std::string shown(const place& where, const value& item) {
    constexpr size_t longest = 60;
    const auto text = written(item);
    return where.is_shown && text.size() <= longest ? "is " + text : "is not as the spec wants it";
  }

  void check_choice(const value& schema, const value& item, const place& where) {
    if (const auto* only = at(schema, "const"); only && !same(*only, item))
      complain(where, shown(where, item) + ", expected " + written(*only));
    const auto* choices = list_at(schema, "enum");
    if (!choices || std::ranges::any_of(*choices, [&](const auto& each) { return same(each, item); }))
      return;
    constexpr size_t most = 12;
    std::string names;
    for (size_t i = 0; i < std::min(choices->size(), most); ++i)
      names += (i == 0 ? "" : ", ") + written((*choices)[i]);
    if (choices->size() > most)
      names += " and " + std::to_string(choices->size() - most) + " more, see the source's spec";
    complain(where, shown(where, item) + ", expected one of " + names);
  }

  void check_text(const value& schema, const value& item, const place& where) {
    const auto* pattern = at(schema, "pattern");
    if (!pattern || !pattern->is(kind::string) || !item.is(kind::string))
      return;
    re2::RE2 wanted{pattern->string(), re2::RE2::Quiet};
    // RE2 knows no looking ahead or back: such a pattern cannot be checked here.
    if (wanted.ok() && !re2::RE2::PartialMatch(item.string(), wanted))
      complain(where, shown(where, item) + ", expected a text that matches " + pattern->string() + example(schema));
  }

  static std::string example(const value& schema) {
    const auto* examples = list_at(schema, "examples");
    return examples && !examples->empty() && !holds_secret(schema) ? ", such as " + written(examples->front()) : "";
  }

  void check_number(const value& schema, const value& item, const place& where) {
    if (!is_number(item))
      return;
    if (const auto* least = at(schema, "minimum"); least && is_number(*least) && item.as_double() < least->as_double())
      complain(where, shown(where, item) + ", expected at least " + written(*least));
    if (const auto* most = at(schema, "maximum"); most && is_number(*most) && item.as_double() > most->as_double())
      complain(where, shown(where, item) + ", expected at most " + written(*most));
  }

  void check_elements(const value& schema, const value& item, const place& where) {
    for (size_t i = 0; i < item.list().size(); ++i) {
      auto inner = where;
      inner.path += "[" + std::to_string(i) + "]";
      check(schema, item.list()[i], inner);
    }
  }

  void check_object(const value& schema, const value& item, const place& where, bool is_alternative) {
    if (const auto* properties = map_at(schema, "properties"))
      for (const auto& [key, property] : *properties)
        if (const auto* found = item.map().find(key))
          check(property, *found, below(where, key, property));
    if (const auto* required = list_at(schema, "required"))
      for (const auto& key : *required)
        if (key.is(kind::string) && !item.map().find(key.string()))
          missing(schema, key.string(), where);
    std::vector<std::string> names;
    // An alternative is judged together with what stands beside it.
    if (is_alternative || !declares_all(schema, names) || (names.empty() && !map_at(schema, "properties")))
      return;
    for (const auto& [key, unused] : item.map())
      if (std::ranges::count(names, key) == 0)
        unknown(key, names, where);
  }

  place below(const place& where, const std::string& key, const value& schema) const {
    auto inner = where;
    if (where.part.empty()) { // a property of the whole: it is in the part that templates see
      const bool is_secret_part = secrets_.find(key) != nullptr;
      inner.part = is_secret_part ? "secrets" : "configuration";
      inner.is_shown = !is_secret_part;
      inner.is_judged = given_ == given_part::both || (given_ == given_part::secrets) == is_secret_part;
    }
    inner.path += (where.path.empty() ? "" : ".") + key;
    inner.is_shown = inner.is_shown && !is_set(schema, "airbyte_secret") && !is_secret_name(key);
    return inner;
  }

  void missing(const value& schema, const std::string& key, const place& where) {
    if (!where.is_judged)
      return;
    const auto* properties = map_at(schema, "properties");
    const auto* found = properties ? properties->find(key) : nullptr;
    const auto property = found ? *found : value{};
    auto place_of_it = below(where, key, property);
    if (where.part.empty()) { // it may be given in either part, and is judged with that where it belongs
      place_of_it.part = holds_secret(property) ? "secrets" : "configuration";
      // New secrets are not to be kept out by what the configuration lacks; stored ones are to be enough for a new configuration.
      place_of_it.is_judged = given_ != given_part::secrets || place_of_it.part == "secrets";
    }
    const auto* usual = at(property, "default");
    complain(place_of_it, "is missing, expected " + expected_words(property)
                            + (usual && !holds_secret(property) ? ": its default " + written(*usual) + " is not filled in" : example(property)));
  }

  void unknown(const std::string& key, const std::vector<std::string>& names, const place& where) {
    auto inner = below(where, key, {});
    auto meant = setting_text::nearest_name(key, names);
    complain(inner, "is not declared in the source's spec"
                      + (meant.empty() ? std::string{": leave it out, or declare it there"} : ", did you mean " + quoted(meant) + "?"));
  }

  // -- alternatives

  void check_alternatives(const value& schema, const value& item, const place& where) {
    if (const auto* all = list_at(schema, "allOf"))
      for (const auto& each : *all)
        check(each, item, where, true);
    for (auto combination : {"oneOf", "anyOf"})
      if (const auto* choices = list_at(schema, combination); choices && !choices->empty())
        check_choices(*choices, item, where);
  }

  /// One must fit. Where none does, the mistakes of the one that its constants choose are told.
  void check_choices(const expression::value_list& choices, const value& item, const place& where) {
    const value* chosen = choices.size() == 1 ? &choices.front() : nullptr;
    std::string names;
    for (const auto& choice : choices) {
      connection_check trial{secrets_, given_part::both};
      trial.check(choice, item, where, true);
      if (trial.mistakes_.empty())
        return;
      if (auto marks = constants_of(choice); !marks.empty()) {
        names += (names.empty() ? "" : " or ") + marks.front().first + " " + written(*marks.front().second);
        if (std::ranges::all_of(marks, [&](const auto& mark) { return at(item, mark.first) && same(*at(item, mark.first), *mark.second); }))
          chosen = &choice;
      }
    }
    if (chosen)
      check(*chosen, item, where, true);
    else
      complain(where, "fits no alternative, expected " + (names.empty() ? "one of the alternatives in the source's spec" : "an object with " + names));
  }

  static std::vector<std::pair<std::string, const value*>> constants_of(const value& choice) {
    std::vector<std::pair<std::string, const value*>> out;
    if (const auto* properties = map_at(choice, "properties"))
      for (const auto& [key, property] : *properties)
        if (const auto* only = at(property, "const"))
          out.emplace_back(key, only);
    return out;
  }

  const value_map& secrets_;
  given_part given_;
  std::vector<std::string> mistakes_;
};

value_map map_of(const value& item) {
  return item.is(kind::map) ? item.map() : value_map{};
}

} // namespace

std::vector<std::string> check_connection(const value& schema, const value& configuration, const value& secrets, given_part given) {
  if (!schema.is(kind::map))
    return {};
  auto merged = map_of(configuration);
  const auto over = map_of(secrets);
  for (const auto& [key, item] : over)
    merged.set(key, item);
  connection_check check{over, given};
  check.check(schema, value{std::move(merged)}, {});
  return std::move(check).take();
}

} // namespace lode

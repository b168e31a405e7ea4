#include "config/load.hpp"

#include <boost/algorithm/string/join.hpp>

#include <algorithm>
#include <set>

#include "config/raw_settings.hpp"
#include "config/text_values.hpp"

extern "C" char** environ;

namespace lode {

using namespace setting_text;

namespace {

/// Where a relation was broken: at its key or, where that was not set, at another one that the message names and that was.
std::string place_of(const settings_mistake& mistake, const std::map<std::string, std::string>& places) {
  if (auto place = places.find(mistake.key); place != places.end())
    return place->second;
  auto named = std::find_if(places.begin(), places.end(), [&](const auto& each) { return mistake.message.find(each.first) != std::string::npos; });
  return named == places.end() ? "default" : named->second;
}

std::string joined(const std::vector<std::string_view>& names) {
  return boost::algorithm::join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  for (size_t from = 0; from <= text.size() && !text.empty();) {
    auto to = std::min(text.find(separator, from), text.size());
    out.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return out;
}

/// Puts the values of one source into the settings; keeps what it could not use as mistakes.
class filler : public settings_visitor {
public:
  explicit filler(raw_settings source) : source_(std::move(source)) {}

  void section(std::string_view name, std::string_view) override { section_ = name; }

  void field(std::string_view key, uint32_t& value, bounds<uint32_t> allowed, std::string_view) override {
    number(key, value, allowed, parse_count, [](uint32_t n) { return std::to_string(n); }, "a whole number");
  }
  void field(std::string_view key, milliseconds& value, bounds<milliseconds> allowed, std::string_view) override {
    number(key, value, allowed, parse_duration, format_duration, "a duration such as 250ms, 30s, 15m, 2h or 1d");
  }
  void field(std::string_view key, byte_count& value, bounds<byte_count> allowed, std::string_view) override {
    number(key, value, allowed, parse_bytes, format_bytes, "a size such as 64 KiB or 256 MiB");
  }
  void field(std::string_view key, std::string& value, std::string_view) override { text(key, value); }
  void secret(std::string_view key, std::string& value, std::string_view) override { text(key, value); }

  void field(std::string_view key, std::vector<std::string>& value, std::string_view) override {
    auto* found = take(key);
    if (!found)
      return;
    if (auto* scalar = std::get_if<std::string>(&found->value))
      value = split(*scalar, ',');
    else if (auto* items = std::get_if<raw_value::list>(&found->value))
      value = *items;
    else
      wrong(key, *found, "expected a list, found a map");
  }

  void field(std::string_view key, std::map<std::string, std::string>& value, std::string_view) override {
    auto* found = take(key);
    if (!found)
      return;
    raw_value::map pairs;
    if (auto* items = std::get_if<raw_value::map>(&found->value)) {
      pairs = *items;
    } else if (auto* scalar = std::get_if<std::string>(&found->value)) {
      for (const auto& part : split(*scalar, ',')) {
        auto at = part.find('=');
        if (at == std::string::npos)
          return wrong(key, *found, "found \"" + part + "\", expected name=value,name=value");
        pairs.emplace_back(part.substr(0, at), part.substr(at + 1));
      }
    } else {
      return wrong(key, *found, "expected a map, found a list");
    }
    value = {pairs.begin(), pairs.end()};
  }

  /// The mistakes of this source, those about unknown keys included.
  std::vector<settings_mistake> finish() {
    for (const auto& [key, value] : source_.values)
      if (!taken_.contains(key)) {
        auto meant = nearest_name(key, known_);
        source_.mistakes.push_back(
          {key, value.where, "there is no such setting" + (meant.empty() ? "" : "; did you mean " + meant + "?")});
      }
    return std::move(source_.mistakes);
  }

protected:
  void one_of(std::string_view key, size_t& index, const std::vector<std::string_view>& names, std::string_view) override {
    auto* found = take(key);
    if (!found)
      return;
    auto* given = std::get_if<std::string>(&found->value);
    auto at = given ? std::find(names.begin(), names.end(), *given) : names.end();
    if (at == names.end())
      return wrong(key, *found, "found " + shown(*found) + ", expected one of " + joined(names));
    index = static_cast<size_t>(at - names.begin());
  }

private:
  const raw_value* take(std::string_view key) {
    auto full = section_ + "." + std::string{key};
    known_.push_back(full);
    auto at = source_.values.find(full);
    if (at == source_.values.end())
      return nullptr;
    taken_.insert(full);
    return &at->second;
  }

  template <class T, class Parse, class Format>
  void number(std::string_view key, T& value, bounds<T> allowed, Parse parse, Format format, std::string_view expected) {
    auto* found = take(key);
    if (!found)
      return;
    auto range = format(allowed.least) + " to " + format(allowed.most);
    auto misread = [&] {
      wrong(key, *found, "found " + shown(*found) + ", expected " + std::string{expected} + " from " + range);
    };
    auto* given = std::get_if<std::string>(&found->value);
    if (!given)
      return misread();
    auto parsed = parse(*given);
    if (!parsed)
      return misread();
    if (*parsed < allowed.least || *parsed > allowed.most)
      return wrong(key, *found, "found " + shown(*found) + ", allowed is " + range);
    value = *parsed;
  }

  void text(std::string_view key, std::string& value) {
    auto* found = take(key);
    if (!found)
      return;
    if (auto* given = std::get_if<std::string>(&found->value))
      value = *given;
    else
      wrong(key, *found, "expected a text, found " + shown(*found));
  }

  static std::string shown(const raw_value& raw) {
    if (auto* scalar = std::get_if<std::string>(&raw.value))
      return "\"" + *scalar + "\"";
    return std::holds_alternative<raw_value::list>(raw.value) ? "a list" : "a map";
  }

  void wrong(std::string_view key, const raw_value& at, std::string message) {
    source_.mistakes.push_back({section_ + "." + std::string{key}, at.where, std::move(message)});
  }

  raw_settings source_;
  std::string section_;
  std::vector<std::string> known_;
  std::set<std::string> taken_;
};

/// The names of all keys.
class key_lister : public settings_visitor {
public:
  std::vector<std::string> keys;

  void section(std::string_view name, std::string_view) override { section_ = name; }
  void field(std::string_view k, uint32_t&, bounds<uint32_t>, std::string_view) override { add(k); }
  void field(std::string_view k, milliseconds&, bounds<milliseconds>, std::string_view) override { add(k); }
  void field(std::string_view k, byte_count&, bounds<byte_count>, std::string_view) override { add(k); }
  void field(std::string_view k, std::string&, std::string_view) override { add(k); }
  void secret(std::string_view k, std::string&, std::string_view) override { add(k); }
  void field(std::string_view k, std::vector<std::string>&, std::string_view) override { add(k); }
  void field(std::string_view k, std::map<std::string, std::string>&, std::string_view) override { add(k); }

protected:
  void one_of(std::string_view k, size_t&, const std::vector<std::string_view>&, std::string_view) override { add(k); }

private:
  void add(std::string_view key) { keys.push_back(section_ + "." + std::string{key}); }
  std::string section_;
};

} // namespace

std::string to_string(const settings_mistake& mistake) {
  auto out = mistake.where;
  if (!mistake.key.empty())
    out += (out.empty() ? "" : ": ") + mistake.key;
  return out + ": " + mistake.message;
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> out;
  for (auto** entry = environ; entry && *entry; ++entry) {
    std::string_view text = *entry;
    if (auto at = text.find('='); at != std::string_view::npos)
      out.emplace(text.substr(0, at), text.substr(at + 1));
  }
  return out;
}

loaded_settings load_settings(const settings_sources& sources) {
  loaded_settings out;
  key_lister lister;
  describe(lister, out.values);
  std::vector<raw_settings> layers;
  if (!sources.file.empty())
    layers.push_back(read_yaml(sources.file));
  layers.push_back(read_environment(sources.environment, lister.keys));
  layers.push_back(read_assignments(sources.assignments));
  std::map<std::string, std::string> places;
  for (auto& layer : layers) {
    for (const auto& [key, value] : layer.values)
      places[key] = value.where;
    filler fill{std::move(layer)};
    describe(fill, out.values);
    auto mistakes = fill.finish();
    out.mistakes.insert(out.mistakes.end(), mistakes.begin(), mistakes.end());
  }
  for (auto& mistake : check_relations(out.values)) {
    mistake.where = place_of(mistake, places);
    out.mistakes.push_back(std::move(mistake));
  }
  return out;
}

} // namespace lode

#include "runtime/cli/settings_json.hpp"

#include <boost/json.hpp>

#include "config/raw_settings.hpp"
#include "config/text_values.hpp"

namespace lode {

namespace json = boost::json;

using namespace setting_text;

namespace {

json::string text(std::string_view from) {
  return json::string{from.data(), from.size()};
}

/// Turns each key into JSON once.
class collector : public settings_visitor {
public:
  struct item {
    std::string section;
    std::string key;
    json::value value;
    json::object allowed;
    std::string help;
  };
  std::vector<item> items;

  void section(std::string_view name, std::string_view) override { section_ = name; }

  void field(std::string_view key, uint32_t& value, bounds<uint32_t> allowed, std::string_view help) override {
    add(key, value, {{"least", allowed.least}, {"most", allowed.most}}, help);
  }
  void field(std::string_view key, milliseconds& value, bounds<milliseconds> allowed, std::string_view help) override {
    add(key, text(format_duration(value)),
        {{"least", format_duration(allowed.least)}, {"most", format_duration(allowed.most)}}, help);
  }
  void field(std::string_view key, byte_count& value, bounds<byte_count> allowed, std::string_view help) override {
    add(key, text(format_bytes(value)), {{"least", format_bytes(allowed.least)}, {"most", format_bytes(allowed.most)}}, help);
  }
  void field(std::string_view key, std::string& value, std::string_view help) override { add(key, text(value), {}, help); }
  void secret(std::string_view key, std::string& value, std::string_view help) override {
    add(key, value.empty() ? "" : "***", {}, help);
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view help) override {
    add(key, json::array(value.begin(), value.end()), {}, help);
  }
  void field(std::string_view key, std::map<std::string, std::string>& value, std::string_view help) override {
    json::object pairs;
    for (const auto& [name, each] : value)
      pairs[name] = each;
    add(key, std::move(pairs), {}, help);
  }

protected:
  void one_of(std::string_view key, size_t& index, const std::vector<std::string_view>& names, std::string_view help) override {
    json::array words;
    for (auto name : names)
      words.emplace_back(text(name));
    add(key, text(names[index]), json::object{{"one_of", std::move(words)}}, help);
  }

private:
  void add(std::string_view key, json::value value, json::object allowed, std::string_view help) {
    items.push_back({section_, std::string{key}, std::move(value), std::move(allowed), std::string{help}});
  }
  std::string section_;
};

std::vector<collector::item> items_of(settings values) {
  collector all;
  describe(all, values);
  return std::move(all.items);
}

} // namespace

std::string settings_json(settings values) {
  json::object out;
  for (auto& item : items_of(std::move(values))) {
    auto& section = out[item.section];
    if (!section.is_object())
      section.emplace_object();
    section.get_object()[item.key] = std::move(item.value);
  }
  return json::serialize(out) + "\n";
}

std::string settings_help_json() {
  json::array out;
  for (auto& item : items_of({})) {
    auto name = item.section + "." + item.key;
    json::object shown{{"key", name}, {"default", std::move(item.value)}};
    for (auto& bound : item.allowed)
      shown[bound.key()] = std::move(bound.value());
    shown["environment"] = variable_of(name);
    shown["help"] = item.help;
    out.push_back(std::move(shown));
  }
  return json::serialize(out) + "\n";
}

} // namespace lode

#include "examples/mask/mask_step.hpp"

#include <algorithm>

#include "examples/mask/masked_text.hpp"
#include "runtime/extraction/json_text.hpp"
#include "runtime/extraction/json_tree.hpp"
#include "runtime/extraction/record_selector.hpp"
#include "runtime/manifest/component.hpp"

namespace lode::examples {

namespace {

struct mask_settings {
  std::vector<mask_pattern> patterns;
  std::vector<field_path> fields; ///< empty = all
  std::vector<field_path> key;
  bool is_hash = false;
};

class mask_step final : public processor_step {
public:
  explicit mask_step(mask_settings settings) : settings_(std::move(settings)) {}

  step_result apply(json_tree& record, const step_inputs& inputs) const override {
    const mask_form form{settings_.is_hash, inputs.hash_seed};
    if (settings_.fields.empty())
      mask_all(record, {}, form);
    for (const auto& field : settings_.fields)
      record.change(field, [&](json_tree& item) { mask_below(item, form); });
    return {};
  }

private:
  /// All texts but those of the key. `path` leads to `item`; a part of the key is what has nothing below it.
  void mask_all(json_tree& item, const field_path& path, const mask_form& form) const {
    const auto& keys = settings_.key;
    auto holds = [&](const field_path& key) {
      return path.size() <= key.size() && std::equal(path.begin(), path.end(), key.begin());
    };
    if (std::none_of(keys.begin(), keys.end(), holds))
      return mask_below(item, form);
    auto below = path;
    below.emplace_back();
    for (auto& [name, member] : item.members) {
      below.back() = name;
      mask_all(member, below, form);
    }
    for (size_t i = 0; i < item.elements.size(); ++i) {
      below.back() = std::to_string(i);
      mask_all(item.elements[i], below, form);
    }
  }

  void mask_below(json_tree& item, const mask_form& form) const {
    for (auto& [name, member] : item.members)
      mask_below(member, form);
    for (auto& element : item.elements)
      mask_below(element, form);
    if (item.kind != json_kind::string)
      return;
    const auto raw = std::string_view{item.scalar}.substr(1, item.scalar.size() - 2);
    auto masked = masked_text(decode_json_string(raw), settings_.patterns, form);
    if (!masked) // what nothing was found in stays as the API wrote it
      return;
    item.scalar.clear();
    append_json_string(item.scalar, *masked);
  }

  mask_settings settings_;
};

void read_patterns(const component& settings, mask_settings& out) {
  for (const auto& name : settings.texts("find")) {
    if (auto preset = preset_pattern(name))
      out.patterns.push_back(std::move(*preset));
    else
      settings.error("expected email or card_number, found '" + name + "'", "find");
  }
  for (const auto& text : settings.texts("patterns")) {
    auto expression = std::make_shared<const re2::RE2>(text, re2::RE2::Quiet);
    if (!expression->ok())
      settings.error("'" + text + "' is no pattern of RE2: " + expression->error(), "patterns");
    else if (re2::RE2::FullMatch("", *expression))
      settings.error("'" + text + "' matches an empty text: it would match everywhere", "patterns");
    else
      out.patterns.push_back({std::move(expression)});
  }
  if (!settings.has("find") && !settings.has("patterns"))
    settings.error("mask_matches needs 'find', 'patterns' or both, e.g. find: [email]");
}

/// Whether a field leads to a part of the key, or to what holds one.
bool touches(const field_path& field, const field_path& key) {
  return field.size() <= key.size()
         && std::equal(field.begin(), field.end(), key.begin(),
                       [](const auto& pattern, const auto& name) { return matches_glob(pattern, name); });
}

void read_fields(const component& settings, const std::vector<field_path>& keys, mask_settings& out) {
  out.key = keys;
  out.fields = settings.paths("fields");
  if (settings.has("fields") && out.fields.empty())
    settings.error("'fields' names none; leave it out to look into all", "fields");
  for (const auto& field : out.fields)
    for (const auto& key : keys)
      if (touches(field, key))
        settings.error("'" + field.back() + "' is or holds a part of the primary key, by which records are told apart",
                       "fields");
}

void read_replacement(const component& settings, mask_settings& out) {
  auto how = settings.text("replace", "mask");
  out.is_hash = how == "hash";
  if (how != "mask" && how != "hash")
    settings.error("expected mask or hash, found '" + how + "'", "replace");
}

} // namespace

processor_step_pointer make_mask_step(const step_request& request) {
  const auto& settings = request.settings;
  settings.refuse_unknown({"find", "patterns", "fields", "replace"});
  mask_settings read;
  read_patterns(settings, read);
  read_fields(settings, request.primary_key, read);
  read_replacement(settings, read);
  return std::make_shared<const mask_step>(std::move(read));
}

} // namespace lode::examples

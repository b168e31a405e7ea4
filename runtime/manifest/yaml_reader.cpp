#include "runtime/manifest/yaml_reader.hpp"

#include <yaml-cpp/yaml.h>

#include "runtime/expression/python_text.hpp"

namespace lode {

namespace {

// Aliases can blow a small file up; 15,000 lines of real manifest stay far below this.
constexpr size_t most_nodes = 250'000;
constexpr int deepest = 100;

class converter {
public:
  converter(const std::string& file, std::vector<diagnostic>& notes) : file_(file), notes_(notes) {}

  manifest_node_pointer convert(const YAML::Node& from, int depth) {
    auto out = std::make_shared<manifest_node>();
    out->line = line_of(from);
    if (++count_ > most_nodes || depth > deepest) {
      if (!is_too_large_)
        note(from, diagnostic::level::error, count_ > most_nodes ? "the file has more than 250,000 nodes" : "the file is nested deeper than 100 levels");
      is_too_large_ = true;
      return out;
    }
    if (from.IsMap()) {
      out->is = manifest_node::shape::map;
      convert_entries(from, depth, *out);
    } else if (from.IsSequence()) {
      out->is = manifest_node::shape::list;
      for (auto each : from)
        out->items.push_back(convert(each, depth + 1));
    } else {
      out->scalar = scalar(from);
    }
    return out;
  }

  bool is_too_large() const { return is_too_large_; }

private:
  static uint32_t line_of(const YAML::Node& node) { return static_cast<uint32_t>(node.Mark().line + 1); }

  static expression::value scalar(const YAML::Node& from) {
    if (!from.IsScalar())
      return expression::none_value{};
    bool is_plain = from.Tag() == "?" || from.Tag().empty();
    return is_plain ? resolve_plain_scalar(from.Scalar()) : expression::value{from.Scalar()};
  }

  void convert_entries(const YAML::Node& from, int depth, manifest_node& out) {
    std::vector<manifest_node_pointer> merged;
    for (auto each : from) {
      if (!each.first.IsScalar()) {
        note(each.first, diagnostic::level::error, "expected a key that is text");
        continue;
      }
      auto item = convert(each.second, depth + 1);
      bool is_merge = each.first.Scalar() == "<<" && each.first.Tag() == "?";
      if (is_merge && item->is == manifest_node::shape::list)
        merged.insert(merged.end(), item->items.begin(), item->items.end());
      else if (is_merge)
        merged.push_back(item);
      else
        set(out, expression::to_text(key_value(each.first)), std::move(item), each.first);
    }
    for (auto& source : merged)
      for (auto& [key, item] : source->entries)
        if (out.find(key) == nullptr)
          out.entries.emplace_back(key, item);
  }

  // `on:` is the key True in YAML 1.1, but no manifest means that; numbers and null print alike.
  static expression::value key_value(const YAML::Node& key) { return key.Scalar(); }

  void set(manifest_node& out, std::string key, manifest_node_pointer item, const YAML::Node& at) {
    for (auto& [name, old] : out.entries) {
      if (name == key) {
        note(at, diagnostic::level::warning, "the key '" + key + "' is there twice; the last one counts");
        old = std::move(item);
        return;
      }
    }
    out.entries.emplace_back(std::move(key), std::move(item));
  }

  void note(const YAML::Node& at, diagnostic::level severity, std::string message) {
    notes_.push_back({severity, file_, line_of(at), "#", std::move(message)});
  }

  const std::string& file_;
  std::vector<diagnostic>& notes_;
  size_t count_ = 0;
  bool is_too_large_ = false;
};

} // namespace

manifest_node_pointer read_yaml(std::string_view text, const std::string& file, std::vector<diagnostic>& notes) {
  try {
    auto document = YAML::Load(std::string{text});
    converter convert{file, notes};
    auto root = convert.convert(document, 0);
    return convert.is_too_large() ? nullptr : root;
  } catch (const YAML::Exception& error) {
    auto line = static_cast<uint32_t>(std::max(0, error.mark.line + 1));
    notes.push_back({diagnostic::level::error, file, line, "#", "not YAML: " + error.msg});
    return nullptr;
  }
}

} // namespace lode

#include "config/raw_settings.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "config/text_values.hpp"

namespace lode {

using namespace setting_text;

namespace {

/// Flattens the two levels of the file.
class yaml_reader {
public:
  explicit yaml_reader(const std::string& file) : file_(file) {}

  raw_settings read() {
    try {
      auto root = YAML::LoadFile(file_);
      if (root.IsMap())
        for (const auto& section : root)
          read_section(section.first.Scalar(), section.first, section.second);
      else if (!root.IsNull())
        wrong("", root, "expected sections such as `store:` with keys below them");
    } catch (const YAML::BadFile&) {
      out_.mistakes.push_back({"", file_, "the file cannot be read"});
    } catch (const YAML::Exception& e) {
      out_.mistakes.push_back({"", file_ + ":" + std::to_string(e.mark.line + 1), "not YAML: " + e.msg});
    }
    return std::move(out_);
  }

private:
  void read_section(const std::string& name, const YAML::Node& head, const YAML::Node& body) {
    if (!sections_.insert(name).second)
      wrong(name, head, "this section stands in the file twice");
    if (body.IsNull())
      return;
    if (!body.IsMap())
      return wrong(name, body, "expected keys below this section");
    for (const auto& entry : body)
      read_key(name + "." + entry.first.Scalar(), entry.first, entry.second);
  }

  void read_key(const std::string& key, const YAML::Node& head, const YAML::Node& node) {
    raw_value found{{}, where(head)};
    if (node.IsNull())
      return wrong(key, head, "has no value; leave the key out to get its default");
    if (node.IsScalar())
      found.value = node.Scalar();
    else if (!(node.IsSequence() ? read_list(node, found) : read_map(node, found)))
      return wrong(key, node, "nested too deeply");
    if (!out_.values.emplace(key, std::move(found)).second)
      wrong(key, head, "this key stands in the file twice");
  }

  static bool read_list(const YAML::Node& node, raw_value& out) {
    auto& items = out.value.emplace<raw_value::list>();
    for (const auto& item : node) {
      if (!item.IsScalar())
        return false;
      items.push_back(item.Scalar());
    }
    return true;
  }

  static bool read_map(const YAML::Node& node, raw_value& out) {
    auto& items = out.value.emplace<raw_value::map>();
    for (const auto& item : node) {
      if (!item.second.IsScalar())
        return false;
      items.emplace_back(item.first.Scalar(), item.second.Scalar());
    }
    return true;
  }

  std::string where(const YAML::Node& node) const { return file_ + ":" + std::to_string(node.Mark().line + 1); }

  void wrong(const std::string& key, const YAML::Node& node, std::string message) {
    out_.mistakes.push_back({key, where(node), std::move(message)});
  }

  std::string file_;
  raw_settings out_;
  std::set<std::string> sections_;
};

} // namespace

raw_settings read_yaml(const std::string& file) {
  return yaml_reader{file}.read();
}

std::string variable_of(const std::string& key) {
  std::string name = "LODE_" + key;
  for (auto& c : name)
    c = c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

raw_settings read_environment(const std::map<std::string, std::string>& variables, const std::vector<std::string>& known) {
  raw_settings out;
  std::vector<std::string> names;
  std::set<std::string> sections;
  for (const auto& key : known) {
    names.push_back(variable_of(key));
    sections.insert(variable_of(key.substr(0, key.find('.'))) + "_");
  }
  for (const auto& [name, text] : variables) {
    auto at = std::find(names.begin(), names.end(), name);
    if (at != names.end()) {
      out.values.emplace(known[static_cast<size_t>(at - names.begin())], raw_value{text, "environment " + name});
    } else if (std::any_of(sections.begin(), sections.end(), [&](auto& s) { return name.starts_with(s); })) {
      // Only what begins like a section of ours: other tools have LODE_ variables too.
      auto meant = nearest_name(name, names);
      out.mistakes.push_back({"", "environment " + name,
                              "no setting has this variable" + (meant.empty() ? "" : "; did you mean " + meant + "?")});
    }
  }
  return out;
}

raw_settings read_assignments(const std::vector<std::string>& assignments) {
  raw_settings out;
  for (const auto& text : assignments) {
    auto at = text.find('=');
    if (at == std::string::npos)
      out.mistakes.push_back({text, "--set", "expected NAME=VALUE such as store.group_rows=500"});
    else
      out.values.insert_or_assign(text.substr(0, at), raw_value{text.substr(at + 1), "--set"});
  }
  return out;
}

} // namespace lode

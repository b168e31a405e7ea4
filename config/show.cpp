#include <algorithm>

#include "config/load.hpp"
#include "config/raw_settings.hpp"
#include "config/setting_lines.hpp"
#include "config/text_values.hpp"

namespace lode {

using namespace setting_text;

namespace {

/// Turns each key into texts once; what is made of them is the subclass's affair.
class shower : public settings_visitor {
public:
  std::string out;

  void field(std::string_view key, uint32_t& value, bounds<uint32_t> allowed, std::string_view help) override {
    show(key, std::to_string(value), std::to_string(allowed.least) + " to " + std::to_string(allowed.most), help);
  }
  void field(std::string_view key, milliseconds& value, bounds<milliseconds> allowed, std::string_view help) override {
    show(key, format_duration(value), format_duration(allowed.least) + " to " + format_duration(allowed.most), help);
  }
  void field(std::string_view key, byte_count& value, bounds<byte_count> allowed, std::string_view help) override {
    show(key, format_bytes(value), format_bytes(allowed.least) + " to " + format_bytes(allowed.most), help);
  }
  void field(std::string_view key, std::string& value, std::string_view help) override {
    show(key, value.empty() ? "\"\"" : value, "", help);
  }
  void secret(std::string_view key, std::string& value, std::string_view help) override {
    show(key, value.empty() ? "\"\"" : "***", "", help);
  }
  void field(std::string_view key, std::vector<std::string>& value, std::string_view help) override {
    std::string text;
    for (const auto& item : value)
      text += (text.empty() ? "" : ", ") + item;
    show(key, "[" + text + "]", "", help);
  }
  void field(std::string_view key, std::map<std::string, std::string>& value, std::string_view help) override {
    std::string text;
    for (const auto& [name, item] : value)
      text += (text.empty() ? "" : ", ") + ("\"" + name + "\": \"" + item + "\"");
    show(key, "{" + text + "}", "", help);
  }

protected:
  void one_of(std::string_view key, size_t& index, const std::vector<std::string_view>& names, std::string_view help) override {
    std::string allowed;
    for (auto name : names)
      allowed.append(allowed.empty() ? "" : ", ").append(name);
    show(key, std::string{names[index]}, allowed, help);
  }

  virtual void show(std::string_view key, const std::string& value, const std::string& allowed, std::string_view help) = 0;
};

class example_writer : public shower {
public:
  void section(std::string_view name, std::string_view help) override {
    out.append("\n# ").append(help).append("\n").append(name).append(":\n");
  }

protected:
  void show(std::string_view key, const std::string& value, const std::string& allowed, std::string_view help) override {
    out.append("  # ").append(help);
    if (!allowed.empty())
      out.append(" (").append(allowed).append(")");
    out.append("\n  ").append(key).append(": ").append(value).append("\n");
  }
};

class help_writer : public shower {
public:
  void section(std::string_view name, std::string_view help) override {
    section_ = name;
    out.append(out.empty() ? "" : "\n").append(help).append("\n");
  }

protected:
  void show(std::string_view key, const std::string& value, const std::string& allowed, std::string_view help) override {
    auto full = section_ + "." + std::string{key};
    out += "  " + full + " = " + value + "\n      " + std::string{help} + "\n      ";
    out += (allowed.empty() ? "" : "allowed: " + allowed + "; ") + "environment: " + variable_of(full) + "\n";
  }

private:
  std::string section_;
};

class line_writer : public shower {
public:
  void section(std::string_view name, std::string_view) override { section_ = name; }

protected:
  void show(std::string_view key, const std::string& value, const std::string&, std::string_view) override {
    out.append(section_).append(".").append(key).append("=").append(value).append("\n");
  }

private:
  std::string section_;
};

class line_collector : public shower {
public:
  std::vector<setting_line> lines;
  void section(std::string_view name, std::string_view) override { section_ = name; }

protected:
  void show(std::string_view key, const std::string& value, const std::string&, std::string_view help) override {
    lines.push_back({section_ + "." + std::string{key}, value == "\"\"" ? "" : value, false, std::string{help}});
  }

private:
  std::string section_;
};

} // namespace

std::string example_yaml() {
  settings defaults;
  example_writer writer;
  writer.out = "# Every setting of a Lode node with its default; leave out what you do not change.\n"
               "# Any of them can be given in the environment (LODE_STORE_GROUP_ROWS=500) or on the command line\n"
               "# (--set store.group_rows=500) as well; the command line wins, then the environment, then this file.\n";
  describe(writer, defaults);
  return writer.out;
}

std::string help_config() {
  settings defaults;
  help_writer writer;
  describe(writer, defaults);
  return writer.out;
}

std::string show_settings(settings values) {
  line_writer writer;
  describe(writer, values);
  return writer.out;
}

/// A secret that is set differs from the default, which has none.
std::vector<setting_line> list_settings(settings values) {
  settings defaults;
  line_collector standing, wanted;
  describe(standing, values);
  describe(wanted, defaults);
  for (size_t i = 0; i < standing.lines.size(); ++i)
    standing.lines[i].is_default = standing.lines[i].value == wanted.lines[i].value;
  return std::move(standing.lines);
}

} // namespace lode

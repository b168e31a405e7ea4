#include <boost/json.hpp>

#include <iostream>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct settings_options {
  std::string name;
  bool is_changed = false;
};
struct log_level_options {
  std::string level;
};

bool is_wanted(const json::object& setting, const settings_options& o) {
  return cell(setting, "name").starts_with(o.name) && !(o.is_changed && setting.at("is_default").as_bool());
}

void print(const json::value& answer, const settings_options& o) {
  table rows{{"SETTING", "VALUE", "DEFAULT"}};
  std::string help;
  for (const auto& item : answer.at("settings").as_array()) {
    const auto& setting = item.as_object();
    if (!is_wanted(setting, o))
      continue;
    rows.add({cell(setting, "name"), cell(setting, "value"), setting.at("is_default").as_bool() ? "yes" : "no"});
    if (cell(setting, "name") == o.name)
      help = cell(setting, "help");
  }
  rows.print(std::cout);
  if (!help.empty())
    std::cout << "\n" << help << "\n";
  std::cout << "of node " << cell(answer.as_object(), "node") << "; it read them when it started\n";
}

int show(cli_context& context, const settings_options& o) {
  return ask(context, "GET", "/api/v1/settings", {}, [&](const json::value& answer) { print(answer, o); });
}

int show_or_set_level(cli_context& context, const log_level_options& o) {
  const bool is_set = !o.level.empty();
  auto body = is_set ? json::serialize(json::object{{"level", o.level}}) : std::string{};
  return ask(context, is_set ? "PUT" : "GET", "/api/v1/log-level", body, [&](const json::value& answer) {
    const auto& level = answer.as_object();
    std::cout << "node " << cell(level, "node") << " logs " << cell(level, "level") << (is_set ? " until it ends; log.level of its settings says what then\n" : "\n");
  });
}

} // namespace

void add_settings_command(command program, cli_context& context) {
  add_command<settings_options>(
    program, context, "settings", "The settings that a running node has; secrets masked",
    "  lode settings console\n  lode settings console.listen\n  lode settings --changed",
    [](command c, settings_options& o) {
      c.optional_argument("NAME", o.name, "Those whose names begin so; with a whole name, what it means");
      c.flag("--changed", o.is_changed, "Only those that are not the default");
    },
    show);
}

void add_log_level_command(command program, cli_context& context) {
  add_command<log_level_options>(
    program, context, "log-level", "How much a running node logs", "  lode log-level\n  lode log-level debug --node http://127.0.0.1:7788",
    [](command c, log_level_options& o) { c.optional_argument("LEVEL", o.level, "From now on, until the node ends: trace, debug, info, warning or error"); },
    show_or_set_level);
}

} // namespace lode

#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/settings_json.hpp"

namespace lode {

namespace {

struct no_options {};

int print(const cli_context& context, const std::string& for_machines, const std::string& for_people) {
  std::cout << (context.as_json ? for_machines : for_people);
  return exit_ok;
}

int example(cli_context& context, const no_options&) {
  return print(context, settings_json({}), example_yaml());
}

int help(cli_context& context, const no_options&) {
  return print(context, settings_help_json(), help_config());
}

/// What a node cannot start without.
std::vector<std::string> missing_in(const settings& values) {
  std::vector<std::string> out;
  if (values.store.dsn.empty())
    out.push_back("store.dsn is not set: where PostgreSQL is, e.g. --set store.dsn='host=/run/postgresql dbname=lode'");
  if (values.security.key_file.empty() && values.security.key.empty())
    out.push_back("security.key_file is not set: the key that seals secrets; make one: lode doctor --make-key lode.key");
  return out;
}

int show(cli_context& context, const no_options&) {
  auto loaded = context.load();
  if (!loaded)
    return exit_usage;
  if (auto missing = missing_in(*loaded); !missing.empty())
    return complain(context, exit_usage, missing);
  return print(context, settings_json(*loaded), show_settings(*loaded));
}

} // namespace

void add_config_command(command program, cli_context& context) {
  auto config = program.group("config", "Look at settings");
  auto none = [](auto&, auto&) {};
  add_command<no_options>(config, context, "example", "An example file with every setting", "  lode config example > lode.yaml",
                          none, example);
  add_command<no_options>(config, context, "help", "Every setting with default, bounds and meaning", "  lode config help", none,
                          help);
  add_command<no_options>(config, context, "show", "Check and show the settings in force; secrets masked",
                          "  lode config show --config lode.yaml", none, show);
}

} // namespace lode

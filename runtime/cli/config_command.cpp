#include <iostream>

#include "runtime/cli/commands.hpp"

namespace lode {

namespace {

struct no_options {};

int example(cli_context&, const no_options&) {
  std::cout << example_yaml();
  return exit_ok;
}

int help(cli_context&, const no_options&) {
  std::cout << help_config();
  return exit_ok;
}

int show(cli_context& context, const no_options&) {
  auto loaded = context.load();
  if (!loaded)
    return exit_usage;
  std::cout << show_settings(*loaded);
  return exit_ok;
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

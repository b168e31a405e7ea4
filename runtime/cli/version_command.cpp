#include <iostream>

#include "runtime/cli/commands.hpp"

namespace lode {

namespace {

struct no_options {};

int show_version(cli_context& context, const no_options&) {
  if (context.as_json)
    std::cout << "{\"version\":\"" LODE_VERSION "\"}\n";
  else
    std::cout << "lode " LODE_VERSION "\n";
  return exit_ok;
}

} // namespace

void add_version_command(command program, cli_context& context) {
  add_command<no_options>(program, context, "version", "Print the version", "  lode version", [](auto&, auto&) {}, show_version);
}

} // namespace lode

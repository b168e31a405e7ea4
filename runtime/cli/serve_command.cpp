#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/settings_json.hpp"
#include "runtime/node/node.hpp"

namespace lode {

namespace {

struct serve_options {
  bool help_config = false;
};

int serve(cli_context& context, const serve_options& options) {
  if (options.help_config) {
    std::cout << (context.as_json ? settings_help_json() : help_config());
    return exit_ok;
  }
  auto loaded = context.load();
  if (!loaded)
    return exit_usage;
  if (loaded->store.dsn.empty())
    return complain(context, exit_usage, "store.dsn is not set: where PostgreSQL is, e.g. --set store.dsn='host=/run/postgresql dbname=lode'");
  return run_node(*loaded, context.known);
}

} // namespace

void add_serve_command(command program, cli_context& context) {
  add_command<serve_options>(
    program, context, "serve", "Run a node until SIGTERM or SIGINT",
    "  lode serve --config lode.yaml\n"
    "  lode serve --config lode.yaml --set node.name=n2 --set console.listen=127.0.0.1:7789\n"
    "  lode serve --help-config",
    [](command c, serve_options& o) {
      c.flag("--help-config", o.help_config, "Every setting with default, bounds and meaning");
    },
    serve);
}

} // namespace lode

#include <CLI/CLI.hpp>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/demo/show.hpp"

namespace lode {

void add_demo_command(CLI::App& program, cli_context& context) {
  add_command<demo::show_options>(
    program, context, "demo", "Mine 500 tenants of simulated APIs, survive a kill -9, prove that nothing is lost",
    "  lode demo\n"
    "  lode demo --json report.json\n"
    "  lode demo --stay\n"
    "A demo that was killed goes on where it was. Exit code 0: verified.",
    [](CLI::App& command, demo::show_options& o) {
      command.add_option("--json", o.json_file, "Write the report to this file");
      command.add_flag("--stay", o.stays, "Keep everything up at the end, until Ctrl-C");
      command.add_flag("--fresh", o.is_fresh, "Discard an unfinished show");
      command.add_option("--tenants", o.tenants, "Tenants (default 500)")->check(CLI::Range(6, 5'000));
      command.add_option("--seed", o.seed, "Seed of the simulated data (default: a random one)");
      command.add_option("--dir", o.folder, "Folder of the show's data (default: demo in the user's cache folder)");
      command.add_option("--percent", o.percent, "Size of a tenant's data")->check(CLI::Range(1, 10'000))->group("");
    },
    [](cli_context&, const demo::show_options& o) { return demo::run_demo(o); });
}

} // namespace lode

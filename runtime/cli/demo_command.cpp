#include "runtime/cli/commands.hpp"
#include "runtime/cli/demo/show.hpp"

namespace lode {

void add_demo_command(command program, cli_context& context) {
  add_command<demo::show_options>(
    program, context, "demo", "Mine 500 tenants on three nodes, survive the kill -9 of all and the loss of one, prove that nothing is lost",
    "  lode demo\n"
    "  lode demo --report report.json\n"
    "  lode demo --stay\n"
    "A demo that was killed goes on where it was. Exit code 0: verified.",
    [](command c, demo::show_options& o) {
      c.option("--report", o.report_file, "Write the report to this file, as JSON");
      c.flag("--stay", o.stays, "Keep everything up at the end, until Ctrl-C");
      c.flag("--fresh", o.is_fresh, "Discard an unfinished show");
      c.option("--tenants", o.tenants, "Tenants; 500 when it is not given", {6, 5'000});
      c.option("--seed", o.seed, "Seed of the simulated data; else a random one");
      c.option("--dir", o.folder, "Folder of the show's data; else demo in the user's cache folder");
      c.hidden_option("--percent", o.percent, {1, 10'000});
    },
    [](cli_context& context, const demo::show_options& o) -> int {
      if (context.as_json)
        return complain(context, exit_usage, "demo shows people what happens and has no answer for --json; --report FILE writes its report as JSON");
      return demo::run_demo(o);
    });
}

} // namespace lode

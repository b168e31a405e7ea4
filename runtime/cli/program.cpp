#include "runtime/cli/program.hpp"

#include <CLI/CLI.hpp>
#include <caf/init_global_meta_objects.hpp>

#include "messages/actors.hpp"
#include "runtime/cli/commands.hpp"

namespace lode {

namespace {

void add_common_options(CLI::App& program, cli_context& context) {
  program.add_flag("--json", context.as_json, "Print what the node answers, as JSON");
  program.add_option("--node", context.node, "Address of the node's API (LODE_ADDRESS; else console.listen of --config)");
  program.add_option("--token-file", context.token_file, "File with the node's token (or LODE_TOKEN)");
  program.add_option("-c,--config", context.config_file, "Configuration file of the node");
  program.add_option("--set", context.assignments, "section.key=value, over file and environment")
    ->allow_extra_args(false);
}

void add_commands(CLI::App& program, cli_context& context) {
  add_serve_command(program, context);
#ifdef LODE_HAS_DEMO
  add_demo_command(program, context);
#endif
  add_tenant_command(program, context);
  add_connection_command(program, context);
  add_source_command(program, context);
  add_run_command(program, context);
  add_status_command(program, context);
  add_export_command(program, context);
  add_changes_command(program, context);
  add_state_command(program, context);
  add_config_command(program, context);
  add_migrate_command(program, context);
  add_doctor_command(program, context);
  add_version_command(program, context);
}

} // namespace

int run_program(int argc, char** argv, const extensions& known) {
  CLI::App program{"Lode mines other people's APIs for thousands of tenants and never loses or repeats a record.", "lode"};
  program.footer("Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration, 3 no node answers, 4 not found,\n"
                 "5 conflict, 6 not allowed (token), 7 the node's database does not answer.");
  program.require_subcommand(1);
  program.fallthrough(); // common options may also follow the command
  cli_context context{known};
  add_common_options(program, context);
  add_commands(program, context);
  // Errors with a message cannot even be destroyed before.
  caf::init_global_meta_objects<caf::id_block::lode>();
  caf::core::init_global_meta_objects();
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return program.exit(e) == 0 ? exit_ok : exit_usage;
  }
  try {
    return context.chosen ? context.chosen() : exit_usage;
  } catch (const std::exception& e) {
    return complain(exit_failed, std::string{"this is a defect, or the node answered what it should not: "} + e.what());
  }
}

} // namespace lode

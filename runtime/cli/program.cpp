#include "runtime/cli/program.hpp"

#include <boost/system/system_error.hpp>
#include <caf/init_global_meta_objects.hpp>

#include <algorithm>
#include <system_error>

#include "messages/actors.hpp"
#include "runtime/cli/commands.hpp"

namespace lode {

namespace {

void add_common_options(command program, cli_context& context) {
  program.flag("--json", context.as_json, "Print what the node answers, as JSON");
  program.option("--node", context.node, "Address of the node's API, http:// or https:// (LODE_ADDRESS; else console.listen of --config)");
  program.option("--token-file", context.token_file, "File with a token of the node (or LODE_TOKEN): what lode token new printed");
  program.option("--ca-file", context.ca_file, "Certificates of those who may vouch for a node under https:// (or LODE_CA_FILE; else the machine's)");
  program.option("-c,--config", context.config_file, "Configuration file of the node");
  program.option("--set", context.assignments, "section.key=value, over file and environment");
}

void add_commands(command program, cli_context& context) {
  add_serve_command(program, context);
  add_demo_command(program, context);
  add_tenant_command(program, context);
  add_connection_command(program, context);
  add_source_command(program, context);
  add_sink_command(program, context);
  add_run_command(program, context);
  add_status_command(program, context);
  add_top_command(program, context);
  add_why_command(program, context);
  add_dead_letter_command(program, context);
  add_export_command(program, context);
  add_complete_command(program, context);
  add_changes_command(program, context);
  add_state_command(program, context);
  add_config_command(program, context);
  add_migrate_command(program, context);
  add_restored_command(program, context);
  add_cluster_command(program, context);
  add_node_command(program, context);
  add_audit_command(program, context);
  add_settings_command(program, context);
  add_log_level_command(program, context);
  add_token_command(program, context);
  add_doctor_command(program, context);
  add_new_command(program, context);
  add_version_command(program, context);
}

bool asks_for_json(int argc, char** argv) {
  return std::any_of(argv + 1, argv + argc, [](std::string_view word) { return word == "--json"; });
}

int run_chosen(cli_context& context) {
  constexpr const char* defect = "this is a defect, or the node answered what it should not: ";
  try {
    return context.chosen ? context.chosen() : exit_usage;
  } catch (const std::system_error& e) { // of files and streams, too
    return complain(context, exit_failed, std::string{"the system refused: "} + e.what());
  } catch (const boost::system::system_error& e) { // its own text names a place in Boost
    return complain(context, exit_failed, defect + e.code().message());
  } catch (const std::exception& e) {
    return complain(context, exit_failed, std::string{defect} + e.what());
  }
}

} // namespace

int run_program(int argc, char** argv, const extensions& known) {
  command_line program{"lode", "lode " LODE_VERSION, "Lode mines other people's APIs for thousands of tenants and never loses or repeats a record.",
                       "Exit codes: 0 done, 1 failed, 2 wrong arguments or configuration, 3 no node answers, 4 not found,\n"
                       "5 conflict, 6 not allowed (token), 7 the node's database does not answer, 8 something is owed."};
  cli_context context{known};
  add_common_options(program.root(), context);
  add_commands(program.root(), context);
  // Errors with a message cannot even be destroyed before.
  caf::init_global_meta_objects<caf::id_block::lode>();
  caf::core::init_global_meta_objects();
  if (std::string mistake; !program.parse(argc, argv, mistake)) {
    context.as_json = context.as_json || asks_for_json(argc, argv); // what stands behind the mistake was not read
    return mistake.empty() ? exit_ok : complain(context, exit_usage, mistake);
  }
  return run_chosen(context);
}

} // namespace lode

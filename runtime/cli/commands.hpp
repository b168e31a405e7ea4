#pragma once

#include "runtime/cli/cli_context.hpp"
#include "runtime/cli/command.hpp"

/// One function per command; each stands in the file of its name. It adds the command to the program and sets
/// `context.chosen` when the command is given.
namespace lode {

void add_serve_command(command program, cli_context& context);
void add_demo_command(command program, cli_context& context);
void add_tenant_command(command program, cli_context& context);
void add_connection_command(command program, cli_context& context);
void add_source_command(command program, cli_context& context);
void add_sink_command(command program, cli_context& context);
void add_run_command(command program, cli_context& context);
void add_status_command(command program, cli_context& context);
void add_top_command(command program, cli_context& context);
void add_why_command(command program, cli_context& context);
void add_dead_letter_command(command program, cli_context& context);
void add_audit_command(command program, cli_context& context);
void add_settings_command(command program, cli_context& context);
void add_log_level_command(command program, cli_context& context);
void add_export_command(command program, cli_context& context);
void add_complete_command(command program, cli_context& context);
void add_changes_command(command program, cli_context& context);
void add_state_command(command program, cli_context& context);
void add_config_command(command program, cli_context& context);
void add_migrate_command(command program, cli_context& context);
void add_restored_command(command program, cli_context& context);
void add_cluster_command(command program, cli_context& context);
void add_node_command(command program, cli_context& context);
void add_token_command(command program, cli_context& context);
void add_doctor_command(command program, cli_context& context);
void add_new_command(command program, cli_context& context);
void add_version_command(command program, cli_context& context);

/// A subcommand with its own options, which `run` reads when it was given: `Options` lives as long as the program.
template <class Options, class Define, class Run>
void add_command(command parent, cli_context& context, const std::string& name, const std::string& help,
                 const std::string& examples, Define define, Run run) {
  auto options = std::make_shared<Options>();
  auto added = parent.leaf(name, help, examples, [&context, options, run] {
    context.chosen = [&context, options, run] { return run(context, *options); };
  });
  define(added, *options);
}

} // namespace lode

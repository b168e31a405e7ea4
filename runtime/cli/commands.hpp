#pragma once

#include <CLI/App.hpp>

#include "runtime/cli/cli_context.hpp"

/// One function per command; each stands in the file of its name. It adds the command to the program and sets
/// `context.chosen` when the command is given.
namespace lode {

void add_serve_command(CLI::App& program, cli_context& context);
/// In demo_command.cpp; part of the program where that file exists.
void add_demo_command(CLI::App& program, cli_context& context);
void add_tenant_command(CLI::App& program, cli_context& context);
void add_connection_command(CLI::App& program, cli_context& context);
void add_source_command(CLI::App& program, cli_context& context);
void add_run_command(CLI::App& program, cli_context& context);
void add_status_command(CLI::App& program, cli_context& context);
void add_export_command(CLI::App& program, cli_context& context);
void add_changes_command(CLI::App& program, cli_context& context);
void add_state_command(CLI::App& program, cli_context& context);
void add_config_command(CLI::App& program, cli_context& context);
void add_migrate_command(CLI::App& program, cli_context& context);
void add_doctor_command(CLI::App& program, cli_context& context);
void add_version_command(CLI::App& program, cli_context& context);

/// A subcommand with its own options, which `run` reads when it was given: `Options` lives as long as the program.
template <class Options, class Define, class Run>
void add_command(CLI::App& parent, cli_context& context, const std::string& name, const std::string& help,
                 const std::string& examples, Define define, Run run) {
  auto* command = parent.add_subcommand(name, help);
  command->footer("Examples:\n" + examples);
  auto options = std::make_shared<Options>();
  define(*command, *options);
  command->callback([&context, options, run] { context.chosen = [&context, options, run] { return run(context, *options); }; });
}

} // namespace lode

#include <boost/json.hpp>

#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct run_options {
  std::string tenant;
  std::string connection;
  std::string kind = "manual";
  std::string reason = "cancelled by a person";
  int64_t run = 0;
  size_t limit = 20;
  std::string command;
};

constexpr std::array columns{"run", "kind", "phase", "started", "pages", "records", "inserted", "updated", "unchanged", "deleted", "dead", "open", "failed", "reason"};

std::vector<std::string> cells_of(const json::value& run) {
  std::vector<std::string> out;
  for (const auto* column : columns)
    out.push_back(cell(run.as_object(), column));
  return out;
}

std::vector<std::string> headings() {
  std::vector<std::string> out;
  for (std::string column : columns) {
    for (auto& c : column)
      c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    out.push_back(std::move(column));
  }
  return out;
}

void print_run(const json::value& answer) {
  table rows{headings()};
  rows.add(cells_of(answer));
  rows.print(std::cout);
  std::cout << "its log lines: trace=" << cell(answer.as_object(), "trace") << "\n";
}

int trigger(cli_context& context, const run_options& o) {
  auto body = json::serialize(json::object{{"kind", o.kind}});
  return ask_once(context, connection_path(o.tenant, o.connection) + "/runs", body, o.command, [&](const json::value& answer) {
    auto what = cell(answer.as_object(), "answer");
    if (what == "already_open")
      std::cout << o.kind << " run " << cell(answer.as_object(), "run") << " is open already; see: lode run show "
                << cell(answer.as_object(), "run") << "\n";
    else
      std::cout << (what == "already_requested" ? "already asked for a " : "asked for a ") << o.kind
                << " run; see: lode run list " << o.tenant << " " << o.connection << "\n";
  });
}

int list(cli_context& context, const run_options& o) {
  auto path = connection_path(o.tenant, o.connection) + "/runs?limit=" + std::to_string(o.limit);
  return ask(context, "GET", path, {}, [](const json::value& answer) {
    table rows{headings()};
    for (const auto& run : answer.at("runs").as_array())
      rows.add(cells_of(run));
    rows.print(std::cout);
  });
}

int show(cli_context& context, const run_options& o) {
  return ask(context, "GET", "/api/v1/runs/" + std::to_string(o.run), {}, print_run);
}

int cancel(cli_context& context, const run_options& o) {
  auto body = json::serialize(json::object{{"reason", o.reason}});
  return ask_once(context, "/api/v1/runs/" + std::to_string(o.run) + "/cancel", body, o.command, print_run);
}

void with_names(command c, run_options& o) {
  c.argument("tenant", o.tenant, "Name of the tenant");
  c.argument("connection", o.connection, "Name of the connection");
}

void with_run(command c, run_options& o) {
  c.argument("run", o.run, "Number of the run");
}

} // namespace

void add_run_command(command program, cli_context& context) {
  auto run = program.group("run", "Passes over the streams of a connection");
  add_command<run_options>(
    run, context, "trigger", "Start a run now", "  lode run trigger acme crm\n  lode run trigger acme crm --kind full",
    [](command c, run_options& o) {
      with_names(c, o);
      c.option("--kind", o.kind, "manual, backfill, repair or full");
      c.option("--command-id", o.command, command_id_help);
    },
    trigger);
  add_command<run_options>(
    run, context, "list", "Runs of a connection, latest first", "  lode run list acme crm --limit 5",
    [](command c, run_options& o) {
      with_names(c, o);
      c.option("--limit", o.limit, "At most so many");
    },
    list);
  add_command<run_options>(run, context, "show", "One run", "  lode run show 17", with_run, show);
  add_command<run_options>(
    run, context, "cancel", "End a run early; what was mined stays", "  lode run cancel 17 --reason 'wrong window'",
    [](command c, run_options& o) {
      with_run(c, o);
      c.option("--reason", o.reason, "Shown with the run");
      c.option("--command-id", o.command, command_id_help);
    },
    cancel);
}

} // namespace lode

#include <boost/json.hpp>

#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"
#include "runtime/cli/terminal/why_text.hpp"

namespace lode {

namespace {

namespace json = boost::json;

constexpr size_t usual_limit = 20;

struct run_options {
  std::string tenant;
  std::string connection;
  std::string kind;
  std::string from;
  std::string to;
  std::vector<std::string> streams;
  std::string reason = "cancelled by a person";
  int64_t run = 0;
  size_t limit = usual_limit;
  std::string phase;
  std::string search;
  std::string after;
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

std::string trigger_body(const run_options& o, const std::string& kind) {
  json::object body{{"kind", kind}};
  if (!o.from.empty())
    body["from"] = o.from;
  if (!o.to.empty())
    body["to"] = o.to;
  if (!o.streams.empty())
    body["streams"] = json::value_from(o.streams);
  return json::serialize(body);
}

int trigger(cli_context& context, const run_options& o) {
  const auto kind = o.kind.empty() ? std::string{"manual"} : o.kind;
  if (kind != "backfill" && !(o.from.empty() && o.to.empty() && o.streams.empty()))
    return complain(context, exit_usage, "--from, --to and --stream say what a backfill reads; found --kind " + kind + ", expected --kind backfill");
  return ask_once(context, connection_path(o.tenant, o.connection) + "/runs", trigger_body(o, kind), o.command, [&](const json::value& answer) {
    auto what = cell(answer.as_object(), "answer");
    if (what == "already_open")
      std::cout << kind << " run " << cell(answer.as_object(), "run") << " is open already; see: lode run show "
                << cell(answer.as_object(), "run") << "\n";
    else
      std::cout << (what == "already_requested" ? "already asked for a " : "asked for a ") << kind
                << " run; see: lode run list " << quoted(o.tenant) << " " << quoted(o.connection) << "\n";
  });
}

int list_of_connection(cli_context& context, const run_options& o) {
  auto path = connection_path(o.tenant, o.connection) + "/runs?limit=" + std::to_string(o.limit);
  return ask(context, "GET", path, {}, [](const json::value& answer) {
    table rows{headings()};
    for (const auto& run : answer.at("runs").as_array())
      rows.add(cells_of(run));
    rows.print(std::cout);
  });
}

/// The filters as they stand in a query, and as a person gives them.
struct run_filters {
  std::string query;
  std::string options;

  void add(const std::string& name, const std::string& value, const std::string& option = {}) {
    if (value.empty())
      return;
    query += "&" + name + "=" + path_segment(value);
    options += "--" + (option.empty() ? name : option) + " " + quoted(value) + " ";
  }
};

int list_of_all(cli_context& context, const run_options& o) {
  run_filters filters;
  filters.add("phase", o.phase);
  filters.add("kind", o.kind);
  filters.add("tenant", o.search, "search");
  auto path = "/api/v1/runs?limit=" + std::to_string(o.limit) + filters.query + (o.after.empty() ? "" : "&after=" + path_segment(o.after));
  return ask(context, "GET", path, {}, [&](const json::value& answer) {
    auto names = headings();
    names.insert(names.begin() + 1, {"TENANT", "CONNECTION"});
    table rows{names};
    for (const auto& run : answer.at("runs").as_array()) {
      auto cells = cells_of(run);
      cells.insert(cells.begin() + 1, {cell(run.as_object(), "tenant"), cell(run.as_object(), "connection")});
      rows.add(std::move(cells));
    }
    rows.print(std::cout);
    if (auto next = cell(answer.as_object(), "next"); !next.empty())
      std::cout << "more: lode run list " << filters.options << limit_option(o.limit, usual_limit) << "--after " << next << "\n";
  });
}

int list(cli_context& context, const run_options& o) {
  const bool has_filters = !(o.phase.empty() && o.kind.empty() && o.search.empty() && o.after.empty());
  if (o.tenant.empty())
    return list_of_all(context, o);
  if (o.connection.empty())
    return complain(context, exit_usage, "a tenant without a connection: name that, too, or look among all runs with --search " + quoted(o.tenant));
  if (has_filters)
    return complain(context, exit_usage, "--phase, --kind, --search and --after are for the runs of all tenants: leave out " + o.tenant + " " + o.connection);
  return list_of_connection(context, o);
}

int show(cli_context& context, const run_options& o) {
  return ask(context, "GET", "/api/v1/runs/" + std::to_string(o.run), {}, print_run);
}

int cancel(cli_context& context, const run_options& o) {
  auto body = json::serialize(json::object{{"reason", o.reason}});
  return ask_once(context, "/api/v1/runs/" + std::to_string(o.run) + "/cancel", body, o.command, print_run);
}

void with_names(command c, run_options& o) {
  c.argument("TENANT", o.tenant, "Name of the tenant");
  c.argument("CONNECTION", o.connection, "Name of the connection");
}

void with_run(command c, run_options& o) {
  c.argument("RUN", o.run, "Number of the run");
}

} // namespace

void add_run_command(command program, cli_context& context) {
  auto run = program.group("run", "Passes over the streams of a connection");
  add_command<run_options>(
    run, context, "trigger", "Start a run now",
    "  lode run trigger acme crm\n  lode run trigger acme crm --kind full\n"
    "  lode run trigger acme crm --kind backfill --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z --stream contacts",
    [](command c, run_options& o) {
      with_names(c, o);
      c.option("--kind", o.kind, "manual (the default), backfill, repair or full");
      c.option("--from", o.from, "Of a backfill: where it begins, RFC 3339");
      c.option("--to", o.to, "Of a backfill: where it ends");
      c.option("--stream", o.streams, "Of a backfill: only this stream; may be given several times");
      c.option("--command-id", o.command, command_id_help);
    },
    trigger);
  add_command<run_options>(
    run, context, "list", "Runs of a connection, or of all tenants, latest first",
    "  lode run list acme crm --limit 5\n  lode run list --phase open\n  lode run list --kind repair --search acme",
    [](command c, run_options& o) {
      c.optional_argument("TENANT", o.tenant, "Name of the tenant; without it, the runs of all");
      c.optional_argument("CONNECTION", o.connection, "Name of the connection");
      c.option("--limit", o.limit, "At most so many", {1, 1'000});
      c.option("--phase", o.phase, "Of all tenants: only open, finished, incomplete or cancelled ones");
      c.option("--kind", o.kind, "Of all tenants: only scheduled, manual, backfill, repair or full ones");
      c.option("--search", o.search, "Of all tenants: only of those whose name has this in it");
      c.option("--after", o.after, "Of all tenants: begin after this run");
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

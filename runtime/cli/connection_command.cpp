#include <boost/json.hpp>

#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/connection_resume_command.hpp"
#include "runtime/cli/connection_work_command.hpp"
#include "runtime/cli/table.hpp"

namespace lode {

namespace {

namespace json = boost::json;

constexpr size_t usual_limit = 100;

struct connection_options {
  std::string tenant;
  std::string name;
  std::string file;
  std::string reason;
  std::string stream;
  std::string command;
  std::string before;
  size_t limit = usual_limit;
  bool is_sure = false;
  bool is_all = false;
  resume_filter which;
};

std::string path_of(const connection_options& o) {
  return connection_path(o.tenant, o.name);
}

void print_connection(const json::value& answer) {
  const auto& connection = answer.as_object();
  for (auto key : {"tenant", "name", "source", "state", "reason"})
    if (auto text = cell(connection, key); !text.empty())
      std::cout << key << ": " << text << "\n";
  std::cout << "streams: " << joined_cell(connection, "streams") << "\n";
  for (auto key : {"schedule", "configuration", "secrets"})
    std::cout << key << ": " << cell(connection, key) << "\n";
  if (const auto* live = connection.if_contains("live"); live && live->is_object()) {
    const auto& heard = live->get_object();
    std::cout << "live: " << cell(heard, "state") << " since " << cell(heard, "since") << ", healthy until " << cell(heard, "healthy_until");
    if (auto reason = cell(heard, "reason"); !reason.empty())
      std::cout << ": " << reason;
    std::cout << "; rechecks waiting " << cell(heard, "rechecks") << "\n";
  }
}

/// The file is JSON with the keys of the API: source, configuration, secrets, schedule, streams.
int put(cli_context& context, const connection_options& o) {
  std::string text;
  if (!read_file(context, o.file, text))
    return exit_usage;
  return ask(context, "PUT", path_of(o), text, print_connection);
}

int put_secrets(cli_context& context, const connection_options& o) {
  std::string text;
  if (!read_file(context, o.file, text))
    return exit_usage;
  return ask(context, "PUT", path_of(o) + "/secrets", text, print_connection);
}

int list(cli_context& context, const connection_options& o) {
  return ask(context, "GET", "/api/v1/tenants/" + path_segment(o.tenant) + "/connections", {}, [](const json::value& answer) {
    table rows{{"CONNECTION", "SOURCE", "STATE", "STREAMS", "REASON"}};
    for (const auto& item : answer.at("connections").as_array()) {
      const auto& c = item.as_object();
      rows.add({cell(c, "name"), cell(c, "source"), cell(c, "state"), joined_cell(c, "streams"), cell(c, "reason")});
    }
    rows.print(std::cout);
  });
}

int show(cli_context& context, const connection_options& o) {
  return ask(context, "GET", path_of(o), {}, print_connection);
}

int gaps(cli_context& context, const connection_options& o) {
  auto path = path_of(o) + "/gaps?limit=" + std::to_string(o.limit) + (o.before.empty() ? "" : "&before=" + path_segment(o.before));
  return ask(context, "GET", path, {}, [&](const json::value& answer) {
    table rows{{"GAP", "STATE", "FROM", "UNTIL", "RUN", "FAILURES", "UNVERIFIED", "REASON"}};
    for (const auto& item : answer.at("gaps").as_array()) {
      const auto& gap = item.as_object();
      rows.add({cell(gap, "id"), cell(gap, "state"), cell(gap, "from"), cell(gap, "until"), cell(gap, "run"), cell(gap, "failures"),
                joined_cell(gap, "unverified_streams"), cell(gap, "reason")});
    }
    rows.print(std::cout);
    if (auto next = cell(answer.as_object(), "next"); !next.empty())
      std::cout << "more: lode connection gaps " << o.tenant << " " << o.name << " " << limit_option(o.limit, usual_limit) << "--before " << next << "\n";
  });
}

int rechecks(cli_context& context, const connection_options& o) {
  return ask(context, "GET", path_of(o) + "/rechecks?limit=" + std::to_string(o.limit), {}, [](const json::value& answer) {
    table rows{{"STREAM", "KEY", "DUE_IN_S", "ATTEMPTS", "REASON"}};
    const auto& all = answer.at("rechecks").as_array();
    for (const auto& item : all) {
      const auto& row = item.as_object();
      rows.add({cell(row, "stream"), cell(row, "key"), cell(row, "due_in_seconds"), cell(row, "attempts"), cell(row, "reason")});
    }
    rows.print(std::cout);
    if (auto total = answer.at("total").as_int64(); total > static_cast<int64_t>(all.size()))
      std::cout << "and " << total - static_cast<int64_t>(all.size()) << " more\n";
  });
}

int set_state(cli_context& context, const connection_options& o, const char* state) {
  return ask(context, "PATCH", path_of(o), json::serialize(json::object{{"state", state}, {"reason", o.reason}}), print_connection);
}

int resume(cli_context& context, const connection_options& o) {
  if (o.is_all && o.tenant.empty())
    return resume_all(context, o.which);
  if (o.is_all || o.name.empty() || !o.which.source.empty() || !o.which.reason.empty())
    return complain(context, exit_usage, "expected TENANT CONNECTION, or --all with --source and --reason as you like");
  return set_state(context, o, "active");
}

int confirm_deletes(cli_context& context, const connection_options& o) {
  auto body = json::serialize(json::object{{"streams", json::array{json::string{o.stream}}}});
  return ask_once(context, path_of(o) + "/confirm-deletes", body, o.command, [&](const json::value& answer) {
    std::cout << "confirmed for " << joined_cell(answer.as_object(), "streams") << "; the next full pass deletes what it misses: lode run trigger "
              << o.tenant << " " << o.name << " --kind full\n";
  });
}

int remove(cli_context& context, const connection_options& o) {
  if (!o.is_sure)
    return complain(context, exit_usage, "this erases all records, state and secrets of connection " + o.name + ": repeat it with --yes");
  return ask(context, "DELETE", path_of(o), {}, [](const json::value& answer) {
    std::cout << cell(answer.as_object(), "connection") << ": erased, " << cell(answer.as_object(), "erased_rows") << " rows\n";
  });
}

void with_names(command c, connection_options& o) {
  c.argument("TENANT", o.tenant, "Name of the tenant");
  c.argument("CONNECTION", o.name, "Name of the connection");
}

void with_file(command c, connection_options& o) {
  with_names(c, o);
  c.argument("FILE", o.file, "JSON file, - = standard input");
}

void with_reason(command c, connection_options& o) {
  with_names(c, o);
  c.option("--reason", o.reason, "Shown with the state");
}

} // namespace

void add_connection_command(command program, cli_context& context) {
  auto connection = program.group("connection", "A tenant's use of a source");
  add_command<connection_options>(
    connection, context, "put", "Create or change a connection",
    "  lode connection put acme crm connection.json\n"
    "  echo '{\"source\":\"crm\",\"secrets\":{\"api_key\":\"...\"},\"schedule\":{\"every\":\"15m\"}}' | lode connection put acme crm -",
    with_file, put);
  add_command<connection_options>(
    connection, context, "list", "List a tenant's connections", "  lode connection list acme",
    [](command c, connection_options& o) { c.argument("TENANT", o.tenant, "Name of the tenant"); }, list);
  add_command<connection_options>(connection, context, "show", "Show a connection; secrets masked",
                                  "  lode connection show acme crm", with_names, show);
  add_command<connection_options>(
    connection, context, "gaps", "Spans in which nobody listened to it, latest first", "  lode connection gaps acme crm --limit 20",
    [](command c, connection_options& o) {
      with_names(c, o);
      c.option("--before", o.before, "Only those with a smaller number");
      c.option("--limit", o.limit, "At most so many", {1, 1'000});
    },
    gaps);
  add_command<connection_options>(
    connection, context, "rechecks", "Keys that are fetched again, as nobody can tell which fact is newer",
    "  lode connection rechecks acme crm",
    [](command c, connection_options& o) {
      with_names(c, o);
      c.option("--limit", o.limit, "At most so many", {1, 1'000});
    },
    rechecks);
  add_connection_work_commands(connection, context);
  add_command<connection_options>(connection, context, "pause", "Stop mining", "  lode connection pause acme crm --reason 'moving'",
                                  with_reason, [](auto& c, auto& o) { return set_state(c, o, "paused"); });
  add_command<connection_options>(
    connection, context, "resume", "Go on mining, also after a suspension",
    "  lode connection resume acme crm\n  lode connection resume --all --source crm --reason 'sealed with key'",
    [](command c, connection_options& o) {
      c.optional_argument("tenant", o.tenant, "Name of the tenant");
      c.optional_argument("connection", o.name, "Name of the connection");
      c.flag("--all", o.is_all, "All suspended connections of all tenants, not paused ones");
      c.option("--source", o.which.source, "Of those only the ones of this source");
      c.option("--reason", o.which.reason, "Of those only the ones whose reason has this text in it");
    },
    resume);
  add_command<connection_options>(connection, context, "secrets", "Replace all secrets",
                                  "  echo '{\"access_token\":\"...\"}' | lode connection secrets acme crm -", with_file, put_secrets);
  add_command<connection_options>(
    connection, context, "confirm-deletes", "Let the next full pass delete more than the brake lets pass",
    "  lode connection confirm-deletes acme crm contacts",
    [](command c, connection_options& o) {
      with_names(c, o);
      c.argument("STREAM", o.stream, "Name of the stream");
      c.option("--command-id", o.command, command_id_help);
    },
    confirm_deletes);
  add_command<connection_options>(
    connection, context, "remove", "Erase a connection: records, state, secrets", "  lode connection remove acme crm --yes",
    [](command c, connection_options& o) {
      with_names(c, o);
      c.flag("--yes", o.is_sure, "Do it");
    },
    remove);
}

} // namespace lode

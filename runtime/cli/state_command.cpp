#include <boost/json.hpp>

#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct state_options {
  std::string tenant;
  std::string connection;
  std::string file;
  std::string airbyte_file;
};

void print_state(const json::value& answer) {
  table cursors{{"STREAM", "PARTITION", "KNOWN UP TO", "VERSION"}};
  for (const auto& item : answer.at("cursors").as_array()) {
    const auto& c = item.as_object();
    cursors.add({cell(c, "stream"), cell(c, "partition"), cell(c, "known_up_to"), cell(c, "version")});
  }
  cursors.print(std::cout);
  if (const auto& shown = answer.at("anchors").as_array(); !shown.empty()) {
    table anchors{{"NEWEST FIRST", "PARTITION", "READ DOWN TO", "KNOWN UNTIL", "RUN"}};
    for (const auto& item : shown) {
      const auto& a = item.as_object();
      anchors.add({cell(a, "stream"), cell(a, "partition"), cell(a, "position"), cell(a, "known_until"), cell(a, "run")});
    }
    std::cout << "\n";
    anchors.print(std::cout);
  }
  table open{{"CONTINUATION", "RUN", "STREAM", "PARTITION", "FROM", "TO", "VERSION"}};
  for (const auto& item : answer.at("continuations").as_array()) {
    const auto& c = item.as_object();
    open.add({cell(c, "id"), cell(c, "run"), cell(c, "stream"), cell(c, "partition"), cell(c, "from"), cell(c, "to"), cell(c, "version")});
  }
  std::cout << "\n";
  open.print(std::cout);
}

int get(cli_context& context, const state_options& o) {
  return ask(context, "GET", connection_path(o.tenant, o.connection) + "/state", {}, print_state);
}

int set(cli_context& context, const state_options& o) {
  if (o.file.empty() == o.airbyte_file.empty())
    return complain(context, exit_usage, "give one file: FILE with what `state get --json` shows, or --airbyte FILE");
  std::string text;
  if (!read_file(context, o.file.empty() ? o.airbyte_file : o.file, text))
    return exit_usage;
  auto path = connection_path(o.tenant, o.connection) + "/state";
  auto is_ours = o.airbyte_file.empty();
  return ask(context, is_ours ? "PATCH" : "POST", is_ours ? path : path + "/airbyte", text, [](const json::value& answer) {
    std::cout << cell(answer.as_object(), "set") << " changed\n";
  });
}

void with_names(command c, state_options& o) {
  c.argument("TENANT", o.tenant, "Name of the tenant");
  c.argument("CONNECTION", o.connection, "Name of the connection");
}

} // namespace

void add_state_command(command program, cli_context& context) {
  auto state = program.group("state", "What a connection is known up to, and where it goes on");
  add_command<state_options>(state, context, "get", "Cursors and open continuations",
                             "  lode state get acme crm\n  lode state get acme crm --json > state.json", with_names, get);
  add_command<state_options>(
    state, context, "set", "Change cursors and continuations: all or nothing, each from the version it stood at",
    "  lode state get acme crm --json > state.json && vi state.json && lode state set acme crm state.json\n"
    "  lode state set acme crm --airbyte airbyte-state.json\n"
    "  echo '{\"cursors\":[{\"stream\":\"contacts\",\"was\":\"2026-01-31T00:00:00Z\",\"known_up_to\":null}]}' | lode state set acme crm -",
    [](command c, state_options& o) {
      with_names(c, o);
      c.optional_argument("FILE", o.file, "JSON file, - = standard input");
      c.option("--airbyte", o.airbyte_file, "File with an Airbyte STATE: becomes the first cursors of a connection");
    },
    set);
}

} // namespace lode

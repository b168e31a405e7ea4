#include <boost/json.hpp>

#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"
#include "runtime/cli/terminal/text.hpp"
#include "runtime/cli/terminal/why_text.hpp"

namespace lode {

namespace {

namespace json = boost::json;

constexpr size_t usual_limit = 100;

struct dead_letter_options {
  std::string tenant;
  std::string after;
  size_t limit = usual_limit;
  int64_t id = 0;
  std::string command;
};

int list(cli_context& context, const dead_letter_options& o) {
  auto path = (o.tenant.empty() ? "/api/v1" : "/api/v1/tenants/" + path_segment(o.tenant)) + "/dead-letters?limit=" + std::to_string(o.limit)
              + (o.after.empty() ? "" : "&after=" + path_segment(o.after));
  return ask(context, "GET", path, {}, [&](const json::value& answer) {
    table rows{{"ID", "TENANT", "CONNECTION", "STREAM", "RUN", "TIMES", "LAST_SEEN", "KEY", "REASON"}};
    for (const auto& item : answer.at("dead_letters").as_array()) {
      const auto& row = item.as_object();
      rows.add({cell(row, "id"), row.contains("tenant") ? cell(row, "tenant") : o.tenant, cell(row, "connection"), cell(row, "stream"), cell(row, "run"),
                cell(row, "times"), cell(row, "last_seen"), cell(row, "key"), cell(row, "reason")});
    }
    rows.print(std::cout);
    if (auto next = cell(answer.as_object(), "next"); !next.empty())
      std::cout << "more: lode dead-letter list " << (o.tenant.empty() ? "" : quoted(o.tenant) + " ") << limit_option(o.limit, usual_limit)
                << "--after " << next << "\n";
  });
}

int replay(cli_context& context, const dead_letter_options& o) {
  return ask_once(context, "/api/v1/dead-letters/" + std::to_string(o.id) + "/replay", {}, o.command, [&](const json::value&) {
    std::cout << "dead letter " << o.id << " is a record now\n";
  });
}

} // namespace

void add_dead_letter_command(command program, cli_context& context) {
  auto group = program.group("dead-letter", "Records that could not be used");
  add_command<dead_letter_options>(
    group, context, "list", "What could not be used, and why; --json with the records themselves",
    "  lode dead-letter list\n  lode dead-letter list acme --limit 20 --json",
    [](command c, dead_letter_options& o) {
      c.optional_argument("TENANT", o.tenant, "Name of the tenant; without it, of all tenants");
      c.option("--after", o.after, "Begin after this one");
      c.option("--limit", o.limit, "At most so many", {1, 1'000});
    },
    list);
  add_command<dead_letter_options>(
    group, context, "replay", "Process one again with the source as it is now", "  lode dead-letter replay 17",
    [](command c, dead_letter_options& o) {
      c.argument("ID", o.id, "Number of the dead letter");
      c.option("--command-id", o.command, command_id_help);
    },
    replay);
}

} // namespace lode

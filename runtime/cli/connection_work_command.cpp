#include <boost/json.hpp>

#include <iostream>
#include <sstream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/connection_work_command.hpp"
#include "runtime/cli/table.hpp"
#include "runtime/cli/terminal/figures.hpp"
#include "runtime/cli/terminal/text.hpp"
#include "runtime/cli/terminal/why_text.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct work_options {
  std::string tenant;
  std::string name;
  std::vector<std::string> streams;
  std::string command;
  size_t limit = 20;
  bool is_sure = false;
};

std::string path_of(const work_options& o) {
  return connection_path(o.tenant, o.name);
}

int streams(cli_context& context, const work_options& o) {
  return ask(context, "GET", path_of(o) + "/streams", {}, [](const json::value& answer) {
    table rows{{"STREAM", "KNOWN_UP_TO", "LATE", "RECORDS", "CHANGED", "PARTITIONS", "OPEN", "DONE", "OWED", "CURSOR"}};
    for (const auto& item : answer.at("streams").as_array()) {
      const auto& stream = item.as_object();
      const auto done = number_in(stream, "done_share");
      const auto changed = number_in(stream, "changed_share");
      const auto late = number_in(stream, "lateness_seconds");
      rows.add({cell(stream, "stream"), cell(stream, "known_up_to"), late ? span_text(std::chrono::seconds{static_cast<int64_t>(*late)}) : "",
                cell(stream, "records"), changed ? share_text(*changed) : "", cell(stream, "partitions"), cell(stream, "partitions_open"),
                done ? share_text(*done) : "", cell(stream, "owed"), cell(stream, "cursor")});
    }
    rows.print(std::cout);
  });
}

/// An excerpt of what was sent or answered, each line marked.
void print_excerpt(const json::object& error, std::string_view name, const char* mark) {
  const auto* found = error.if_contains({name.data(), name.size()});
  if (!found || !found->is_string())
    return;
  std::istringstream lines{printable_lines(std::string{found->get_string()})};
  for (std::string line; std::getline(lines, line);)
    std::cout << "  " << mark << " " << line << "\n";
}

void print_errors(const json::value& answer) {
  const auto& errors = answer.at("errors").as_array();
  if (errors.empty())
    std::cout << "none of its requests has failed of late\n";
  for (const auto& item : errors) {
    const auto& error = item.as_object();
    const auto status = text_in(error, "status");
    const auto partition = text_in(error, "partition");
    std::cout << text_in(error, "at") << "  " << text_in(error, "stream") << (partition.empty() ? "" : " " + partition) << "  "
              << (status.empty() ? "no answer" : "status " + status) << ", attempt " << text_in(error, "attempt") << ", run " << text_in(error, "run")
              << "\n  " << text_in(error, "text") << "\n";
    print_excerpt(error, "request", ">");
    print_excerpt(error, "response", "<");
    std::cout << "\n";
  }
}

int errors(cli_context& context, const work_options& o) {
  return ask(context, "GET", path_of(o) + "/errors?limit=" + std::to_string(o.limit), {}, print_errors);
}

int reset(cli_context& context, const work_options& o) {
  if (!o.is_sure)
    return complain(context, exit_usage, "this forgets how far " + std::string{o.streams.empty() ? "all streams" : "the named streams"} + " of connection "
                                           + o.name + " were read and cancels its open runs; what is stored stays: repeat it with --yes");
  json::object body;
  if (!o.streams.empty())
    body["streams"] = json::value_from(o.streams);
  return ask_once(context, path_of(o) + "/reset", json::serialize(body), o.command, [&](const json::value& answer) {
    std::cout << "reset " << joined_cell(answer.as_object(), "streams") << "; cancelled runs: " << cell(answer.as_object(), "cancelled_runs")
              << ". The next run reads from the beginning: lode run trigger " << quoted(o.tenant) << " " << quoted(o.name) << "\n";
  });
}

void with_names(command c, work_options& o) {
  c.argument("TENANT", o.tenant, "Name of the tenant");
  c.argument("CONNECTION", o.name, "Name of the connection");
}

} // namespace

void add_connection_work_commands(command connection, cli_context& context) {
  add_command<work_options>(connection, context, "streams", "How far each of its streams was read", "  lode connection streams acme crm", with_names,
                            streams);
  add_command<work_options>(
    connection, context, "errors", "Its last requests that failed, with what was sent and answered; secrets masked",
    "  lode connection errors acme crm --limit 5",
    [](command c, work_options& o) {
      with_names(c, o);
      c.option("--limit", o.limit, "At most so many", {1, 20});
    },
    errors);
  add_command<work_options>(
    connection, context, "reset", "Forget how far it was read: the next run reads from the beginning; what is stored stays",
    "  lode connection reset acme crm --yes\n  lode connection reset acme crm --stream contacts --yes",
    [](command c, work_options& o) {
      with_names(c, o);
      c.option("--stream", o.streams, "Only this stream; may be given several times");
      c.flag("--yes", o.is_sure, "Do it");
      c.option("--command-id", o.command, command_id_help);
    },
    reset);
}

} // namespace lode

#include <boost/json.hpp>

#include <iostream>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"

namespace lode {

namespace {

namespace json = boost::json;

constexpr const char* sinks = "/api/v1/sinks";

struct sink_options {
  std::string name;
  std::string file;
  bool is_sure = false;
};

std::string path_of(const sink_options& o) {
  return sinks + ("/" + path_segment(o.name));
}

/// What is wrong with it, in a cell; "" when nothing is.
std::string trouble(const json::object& sink) {
  if (auto reason = cell(sink, "reason"); !reason.empty())
    return reason;
  auto error = cell(sink, "error");
  return error.empty() ? "" : "since " + cell(sink, "failing_since") + ": " + error;
}

void print_sink(const json::value& answer) {
  const auto& sink = answer.as_object();
  const auto streams = joined_cell(sink, "streams");
  std::cout << cell(sink, "name") << ": " << cell(sink, "kind") << ", " << cell(sink, "state") << ", "
            << (streams.empty() ? "all streams" : "streams " + streams) << "\n"
            << "  behind: " << cell(sink, "changes_behind") << " changes in " << cell(sink, "shards_behind")
            << " shards\n"
            << "  delivered: " << cell(sink, "delivered") << " changes";
  if (auto last = cell(sink, "last_delivered"); !last.empty())
    std::cout << ", last " << last;
  std::cout << "\n";
  if (auto what = trouble(sink); !what.empty())
    std::cout << "  wrong: " << what << " (" << cell(sink, "shards_failing") << " shards fail)\n";
  if (cell(sink, "state") == "suspended")
    std::cout << "  $ lode sink resume " << cell(sink, "name") << "\n";
}

void print_notes(const api_reply& reply, const std::string& file) {
  json::error_code problem;
  auto answer = json::parse(reply.body, problem);
  const auto* notes = !problem && answer.is_object() ? answer.get_object().if_contains("notes") : nullptr;
  if (!notes || !notes->is_array())
    return;
  for (const auto& item : notes->get_array()) {
    const auto& note = item.as_object();
    std::cerr << file << ":" << cell(note, "line") << ": " << cell(note, "severity") << ": " << cell(note, "path")
              << ": " << cell(note, "message") << "\n";
  }
}

int put(cli_context& context, const sink_options& o) {
  std::string text;
  if (!read_file(context, o.file, text))
    return exit_usage;
  auto client = context.client();
  if (!client)
    return exit_usage;
  auto reply = client->call("PUT", path_of(o), text, "application/yaml");
  if (!context.as_json)
    print_notes(reply, o.file);
  int code = exit_ok;
  auto answer = answer_in(context, *client, reply, code);
  if (answer && context.as_json)
    std::cout << reply.body;
  else if (answer)
    std::cout << o.name << ": stored, kind " << cell(answer->as_object(), "kind") << "\n";
  return code;
}

int list(cli_context& context, const sink_options&) {
  return ask(context, "GET", sinks, {}, [](const json::value& answer) {
    table rows{{"SINK", "KIND", "STATE", "STREAMS", "BEHIND", "DELIVERED", "WRONG"}};
    for (const auto& item : answer.at("sinks").as_array()) {
      const auto& sink = item.as_object();
      const auto streams = joined_cell(sink, "streams");
      rows.add({cell(sink, "name"), cell(sink, "kind"), cell(sink, "state"), streams.empty() ? "all" : streams,
                cell(sink, "changes_behind"), cell(sink, "delivered"), trouble(sink)});
    }
    rows.print(std::cout);
  });
}

int show(cli_context& context, const sink_options& o) {
  return ask(context, "GET", path_of(o), {}, print_sink);
}

int set_state(cli_context& context, const sink_options& o, const char* state) {
  return ask(context, "PATCH", path_of(o), json::serialize(json::object{{"state", state}}), print_sink);
}

int remove(cli_context& context, const sink_options& o) {
  if (!o.is_sure)
    return complain(context, exit_usage,
                    "this forgets what sink " + o.name
                      + " has had: put again, it gets everything again. Repeat it with --yes");
  return ask(context, "DELETE", path_of(o), {},
             [](const json::value& answer) { std::cout << cell(answer.as_object(), "sink") << ": removed\n"; });
}

void with_name(command c, sink_options& o) {
  c.argument("NAME", o.name, "Name of the sink");
}

} // namespace

void add_sink_command(command program, cli_context& context) {
  auto sink = program.group("sink", "Where changes are delivered");
  add_command<sink_options>(
    sink, context, "put", "Make a sink, or give it other settings", "  lode sink put lake lake.yaml",
    [](command c, sink_options& o) {
      with_name(c, o);
      c.argument("FILE", o.file, "Its kind with settings, streams, from (YAML)");
    },
    put);
  add_command<sink_options>(
    sink, context, "list", "List sinks, how far behind they are, and what is wrong", "  lode sink list",
    [](auto&, auto&) {}, list);
  add_command<sink_options>(sink, context, "show", "One sink", "  lode sink show lake", with_name, show);
  add_command<sink_options>(sink, context, "pause", "Deliver nothing until it is resumed", "  lode sink pause lake",
                            with_name, [](cli_context& c, const sink_options& o) { return set_state(c, o, "paused"); });
  add_command<sink_options>(sink, context, "resume", "Deliver again; what failed is tried at once",
                            "  lode sink resume lake", with_name,
                            [](cli_context& c, const sink_options& o) { return set_state(c, o, "active"); });
  add_command<sink_options>(
    sink, context, "remove", "Forget a sink and what it has had; its target stays as it is",
    "  lode sink remove lake --yes",
    [](command c, sink_options& o) {
      with_name(c, o);
      c.flag("--yes", o.is_sure, "Do it");
    },
    remove);
}

} // namespace lode

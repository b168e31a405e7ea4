#include <boost/json.hpp>

#include <filesystem>
#include <iostream>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"
#include "runtime/manifest/lint.hpp"
#include "runtime/node/manifest_loading.hpp"

namespace lode {

namespace {

namespace json = boost::json;

constexpr const char* sources = "/api/v1/sources";

struct source_options {
  std::string name;
  std::string file;
  bool wants_manifest = false;
  bool is_sure = false;
};

std::string path_of(const std::string& name) {
  return sources + ("/" + path_segment(name));
}

/// "1 stream", "2 streams"
std::string counted(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string users(const json::object& source) {
  return counted(source.at("connections").to_number<size_t>(), "connection");
}

/// What the node found in the manifest, whether it was stored or refused.
void print_notes(const api_reply& reply, const std::string& file) {
  json::error_code problem;
  auto answer = json::parse(reply.body, problem);
  const auto* notes = !problem && answer.is_object() ? answer.get_object().if_contains("notes") : nullptr;
  if (!notes || !notes->is_array())
    return;
  for (const auto& item : notes->get_array()) {
    const auto& note = item.as_object();
    std::cerr << file << ":" << cell(note, "line") << ": " << cell(note, "severity") << ": " << cell(note, "path") << ": "
              << cell(note, "message") << "\n";
  }
}

void print_stored(const std::string& name, const json::object& source) {
  const auto stored = cell(source, "stored");
  std::cout << name << ": " << (stored == "new" ? "stored" : stored) << ", version " << cell(source, "version") << ", streams "
            << joined_cell(source, "streams") << "\n";
  if (stored == "changed" && source.at("connections").to_number<int64_t>() > 0)
    std::cout << users(source) << (source.at("connections").to_number<int64_t>() == 1 ? " uses" : " use") << " it from now on\n";
}

int put(cli_context& context, const source_options& o) {
  std::string text;
  if (!read_file(context, o.file, text))
    return exit_usage;
  auto name = o.name.empty() ? std::filesystem::path{o.file}.stem().string() : o.name;
  auto client = context.client();
  if (!client)
    return exit_usage;
  auto reply = client->call("PUT", path_of(name), text, "application/yaml");
  if (!context.as_json)
    print_notes(reply, o.file);
  int code = exit_ok;
  auto answer = answer_in(context, *client, reply, code);
  if (answer && context.as_json)
    std::cout << reply.body;
  else if (answer)
    print_stored(name, answer->as_object());
  return code;
}

int list(cli_context& context, const source_options&) {
  return ask(context, "GET", sources, {}, [](const json::value& answer) {
    table rows{{"SOURCE", "CONNECTIONS", "VERSION"}};
    for (const auto& item : answer.at("sources").as_array()) {
      const auto& source = item.as_object();
      rows.add({cell(source, "name"), cell(source, "connections"), cell(source, "version")});
    }
    rows.print(std::cout);
  });
}

void print_source(const json::value& answer) {
  const auto& source = answer.as_object();
  std::cout << cell(source, "name") << ": version " << cell(source, "version") << ", " << users(source) << "\n"
            << "  streams: " << joined_cell(source, "streams") << "\n";
  for (const auto& item : source.at("notes").as_array()) {
    const auto& note = item.as_object();
    std::cout << "  line " << cell(note, "line") << ": " << cell(note, "severity") << ": " << cell(note, "path") << ": "
              << cell(note, "message") << "\n";
  }
  std::cout << "  $ lode source show " << cell(source, "name") << " --manifest\n";
}

int show(cli_context& context, const source_options& o) {
  return ask(context, "GET", path_of(o.name), {}, [&](const json::value& answer) {
    if (o.wants_manifest)
      std::cout << cell(answer.as_object(), "manifest");
    else
      print_source(answer);
  });
}

int remove(cli_context& context, const source_options& o) {
  if (!o.is_sure)
    return complain(context, exit_usage, "this removes source " + o.name + " and its SQL views. Repeat it with --yes");
  return ask(context, "DELETE", path_of(o.name), {},
             [](const json::value& answer) { std::cout << cell(answer.as_object(), "source") << ": removed\n"; });
}

json::array texts(const std::vector<std::string>& items) {
  return json::array(items.begin(), items.end());
}

json::array notes(const std::vector<diagnostic>& items) {
  json::array out;
  for (const auto& item : items)
    out.push_back({{"line", item.line}, {"path", item.path}, {"message", item.message}});
  return out;
}

/// Needs no node: reads the file as a node with default settings would.
int lint_file(cli_context& context, const source_options& o) {
  std::string text;
  if (!read_file(context, o.file, text))
    return exit_usage;
  auto found = lint_text(text, o.file, manifest_setup_of({}, context.known));
  auto is_good = found.errors.empty();
  if (context.as_json) {
    std::cout << json::serialize(json::object{{"file", o.file},
                                              {"usable", is_good},
                                              {"errors", notes(found.errors)},
                                              {"unsupported", notes(found.unsupported)},
                                              {"warnings", notes(found.warnings)},
                                              {"streams", texts(found.supported_streams)},
                                              {"unsupported_streams", texts(found.unsupported_streams)}})
              << "\n";
    return is_good ? exit_ok : exit_failed;
  }
  for (const auto* list : {&found.errors, &found.unsupported, &found.warnings})
    for (const auto& note : *list)
      std::cout << to_string(note) << "\n";
  std::cout << o.file << ": " << (is_good ? "usable" : "not usable") << ", " << counted(found.supported_streams.size(), "stream") << ", "
            << found.unsupported_streams.size() << " not supported, " << counted(found.warnings.size(), "warning") << "\n";
  return is_good ? exit_ok : exit_failed;
}

void with_name(command c, source_options& o) {
  c.argument("NAME", o.name, "Name of the source");
}

void with_file(command c, source_options& o) {
  c.argument("FILE", o.file, "Manifest (YAML), - = standard input");
}

} // namespace

void add_source_command(command program, cli_context& context) {
  auto source = program.group("source", "Descriptions of APIs");
  add_command<source_options>(
    source, context, "put", "Store a manifest", "  lode source put crm.yaml\n  lode source put crm.yaml --name crm2",
    [](command c, source_options& o) {
      with_file(c, o);
      c.option("--name", o.name, "Name of the source; else the file's");
    },
    put);
  add_command<source_options>(source, context, "list", "List sources", "  lode source list", [](auto&, auto&) {}, list);
  add_command<source_options>(
    source, context, "show", "One source, and what there is to say about its manifest",
    "  lode source show crm\n  lode source show crm --manifest > crm.yaml",
    [](command c, source_options& o) {
      with_name(c, o);
      c.flag("--manifest", o.wants_manifest, "Print the manifest as it was put, and nothing else");
    },
    show);
  add_command<source_options>(
    source, context, "remove", "Remove a source that no connection uses, and its SQL views", "  lode source remove crm --yes",
    [](command c, source_options& o) {
      with_name(c, o);
      c.flag("--yes", o.is_sure, "Do it");
    },
    remove);
  add_command<source_options>(source, context, "lint", "Check a manifest; needs no node", "  lode source lint crm.yaml", with_file,
                              lint_file);
}

} // namespace lode

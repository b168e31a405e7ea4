#include <boost/json.hpp>

#include <algorithm>
#include <iostream>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"

namespace lode {

namespace {

namespace json = boost::json;

constexpr const char* tenants = "/api/v1/tenants";

constexpr size_t usual_limit = 100;

struct tenant_options {
  std::string name;
  std::string after;
  std::string reason;
  size_t limit = usual_limit;
  bool is_sure = false;
};

void print_tenant(const json::value& answer) {
  const auto& tenant = answer.as_object();
  std::cout << cell(tenant, "name") << ": " << cell(tenant, "state");
  if (auto reason = cell(tenant, "reason"); !reason.empty())
    std::cout << " (" << reason << ")";
  std::cout << ", shard " << cell(tenant, "shard");
  if (auto node = cell(tenant, "node"); !node.empty())
    std::cout << " on " << node;
  if (auto connections = joined_cell(tenant, "connections"); !connections.empty())
    std::cout << ", connections " << connections;
  std::cout << "\n";
}

int create(cli_context& context, const tenant_options& o) {
  return ask(context, "POST", tenants, json::serialize(json::object{{"name", o.name}}), print_tenant);
}

int show(cli_context& context, const tenant_options& o) {
  return ask(context, "GET", tenants + ("/" + path_segment(o.name)), {}, print_tenant);
}

int list(cli_context& context, const tenant_options& o) {
  auto path = std::string{tenants} + "?limit=" + std::to_string(o.limit) + "&after=" + path_segment(o.after);
  return ask(context, "GET", path, {}, [&](const json::value& answer) {
    table rows{{"TENANT", "STATE", "SHARD", "NODE", "REASON"}};
    for (const auto& item : answer.at("tenants").as_array()) {
      const auto& tenant = item.as_object();
      rows.add({cell(tenant, "name"), cell(tenant, "state"), cell(tenant, "shard"), cell(tenant, "node"), cell(tenant, "reason")});
    }
    rows.print(std::cout);
    if (auto next = cell(answer.as_object(), "next"); !next.empty())
      std::cout << "more: lode tenant list " << limit_option(o.limit, usual_limit) << "--after '" << next << "'\n";
  });
}

int set_state(cli_context& context, const tenant_options& o, const char* state) {
  return ask(context, "PATCH", tenants + ("/" + path_segment(o.name)), json::serialize(json::object{{"state", state}, {"reason", o.reason}}), print_tenant);
}

int remove(cli_context& context, const tenant_options& o) {
  if (!o.is_sure)
    return complain(context, exit_usage, "this erases all records, state and secrets of tenant " + o.name + ": repeat it with --yes");
  return ask(context, "DELETE", tenants + ("/" + path_segment(o.name)), {}, [](const json::value& answer) {
    std::cout << cell(answer.as_object(), "tenant") << ": erased, " << cell(answer.as_object(), "erased_rows") << " rows\n";
  });
}

/// The lines go in parts, so that a long file needs no long request.
class line_parts {
public:
  explicit line_parts(std::string_view text) : rest_(text) {}
  bool next(std::string_view& part) {
    size_t size = 0;
    for (int lines = 0; lines < 500 && size < rest_.size() && size < 4'000'000; ++lines)
      size = std::min(rest_.find('\n', size), rest_.size() - 1) + 1;
    part = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return !part.empty();
  }

private:
  std::string_view rest_;
};

/// How far an import has come.
struct import_progress {
  int64_t lines = 0; ///< stored, or told with their error
  int64_t tenants_created = 0;
  int64_t connections = 0;
  json::array errors;
};

/// Imports some lines and tells the wrong ones at once, with their numbers in the file. The exit code of what stops the
/// import (told as well), else exit_ok.
int import_part(const cli_context& context, const api_client& client, const std::string& file, std::string_view part,
                import_progress& total) {
  int code = exit_ok;
  auto answer = answer_in(context, client, client.call("POST", "/api/v1/import", std::string{part}, "application/x-ndjson"), code);
  if (!answer)
    return code;
  for (auto& each : answer->at("errors").as_array()) {
    auto& error = each.as_object();
    error["line"] = error["line"].as_int64() + total.lines;
    if (!context.as_json)
      std::cerr << file << ":" << cell(error, "line") << ": " << cell(error, "message") << "\n";
    total.errors.push_back(std::move(each));
  }
  total.tenants_created += answer->at("tenants_created").as_int64();
  total.connections += answer->at("connections").as_int64();
  auto lines = answer->at("lines").as_int64();
  if (answer->at("stopped").as_bool()) {
    total.lines += lines - 1;
    return complain(context, exit_try_later, "the node's database does not answer");
  }
  total.lines += lines;
  return exit_ok;
}

void print(const cli_context& context, const std::string& file, import_progress total, bool is_complete) {
  if (context.as_json) {
    std::cout << json::serialize(json::object{{"lines", total.lines},
                                              {"tenants_created", total.tenants_created},
                                              {"connections", total.connections},
                                              {"errors", std::move(total.errors)},
                                              {"complete", is_complete}})
              << "\n";
    return;
  }
  std::cout << total.connections << " connections of " << total.lines << " lines, " << total.tenants_created << " new tenants\n";
  if (!is_complete)
    std::cerr << file << ": stopped after line " << total.lines
              << "; of the lines behind it some may be stored, too. Import the file again: what is there stays as it is\n";
}

int import_file(cli_context& context, const tenant_options& o) {
  std::string text;
  if (!read_file(context, o.name, text))
    return exit_usage;
  auto client = context.client();
  if (!client)
    return exit_usage;
  import_progress total;
  int code = exit_ok;
  line_parts parts{text};
  for (std::string_view part; code == exit_ok && parts.next(part);)
    code = import_part(context, *client, o.name, part, total);
  auto has_errors = !total.errors.empty();
  print(context, o.name, std::move(total), code == exit_ok);
  return code == exit_ok && has_errors ? exit_failed : code;
}

void with_name(command c, tenant_options& o) {
  c.argument("TENANT", o.name, "Name of the tenant");
}

} // namespace

void add_tenant_command(command program, cli_context& context) {
  auto tenant = program.group("tenant", "Customers whose data is mined");
  add_command<tenant_options>(tenant, context, "create", "Create a tenant", "  lode tenant create acme", with_name, create);
  add_command<tenant_options>(
    tenant, context, "list", "List tenants by name", "  lode tenant list --limit 20\n  lode tenant list --json",
    [](command c, tenant_options& o) {
      c.option("--after", o.after, "Begin after this name");
      c.option("--limit", o.limit, "At most so many", {1, 1'000});
    },
    list);
  add_command<tenant_options>(tenant, context, "show", "Show a tenant", "  lode tenant show acme", with_name, show);
  add_command<tenant_options>(
    tenant, context, "pause", "Stop mining for a tenant", "  lode tenant pause acme --reason 'unpaid'",
    [](command c, tenant_options& o) {
      with_name(c, o);
      c.option("--reason", o.reason, "Shown with the state");
    },
    [](auto& c, auto& o) { return set_state(c, o, "paused"); });
  add_command<tenant_options>(tenant, context, "resume", "Go on mining for a tenant", "  lode tenant resume acme", with_name,
                              [](auto& c, auto& o) { return set_state(c, o, "active"); });
  add_command<tenant_options>(
    tenant, context, "remove", "Erase a tenant: records, state, secrets", "  lode tenant remove acme --yes",
    [](command c, tenant_options& o) {
      with_name(c, o);
      c.flag("--yes", o.is_sure, "Do it");
    },
    remove);
  add_command<tenant_options>(
    tenant, context, "import", "Create or change tenants with a connection each, one JSON object per line",
    "  lode tenant import tenants.jsonl\n"
    "  {\"tenant\":\"acme\",\"connection\":\"crm\",\"source\":\"crm\",\"configuration\":{},\"secrets\":{\"api_key\":\"...\"}}",
    [](command c, tenant_options& o) { c.argument("FILE", o.name, "File, - = standard input"); },
    import_file);
}

} // namespace lode

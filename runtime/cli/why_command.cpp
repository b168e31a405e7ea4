#include <boost/json.hpp>

#include <algorithm>
#include <iostream>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/terminal/figures.hpp"
#include "runtime/cli/terminal/why_text.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct why_options {
  std::string tenant;
  std::string connection;
};

std::string path_of(const why_options& o) {
  return "/api/v1/tenants/" + path_segment(o.tenant);
}

/// Takes away all but the named connection; false: there is none, told.
bool keep_named(const cli_context& context, const why_options& o, json::object& answer) {
  std::string names;
  json::array kept;
  for (const auto& item : array_in(answer, "connections")) {
    auto name = text_in(item.as_object(), "connection");
    names += (names.empty() ? "" : ", ") + name;
    if (name == o.connection)
      kept.push_back(item);
  }
  const bool is_there = !kept.empty();
  answer["connections"] = std::move(kept);
  if (!is_there)
    complain(context, exit_not_found, "tenant " + o.tenant + " has no connection " + o.connection
                                        + (names.empty() ? " and no other" : "; it has " + names));
  return is_there;
}

bool is_held(const json::value& item) {
  auto reason = text_in(item.as_object(), "waits_for");
  return reason == "paused" || reason == "suspended";
}

/// Whose state holds it, the tenant's or the connection's: asked only where one of them does.
std::string tenant_state(const api_client& client, const why_options& o, const json::array& connections) {
  if (std::none_of(connections.begin(), connections.end(), is_held))
    return {};
  auto reply = client.call("GET", path_of(o));
  json::error_code problem;
  auto tenant = json::parse(reply.body, problem);
  return reply.status == 200 && !problem && tenant.is_object() ? text_in(tenant.get_object(), "state") : "";
}

void print(const json::array& connections, const why_facts& facts) {
  if (connections.empty())
    std::cout << facts.tenant << ": has no connection, so nothing is mined. Make one: lode connection put " << quoted(facts.tenant) << " NAME FILE\n";
  bool is_first = true;
  for (const auto& item : connections) {
    std::cout << (is_first ? "" : "\n");
    is_first = false;
    for (const auto& line : why_text(item.as_object(), facts))
      std::cout << line << "\n";
  }
}

int why(cli_context& context, const why_options& o) {
  auto client = context.client();
  if (!client)
    return exit_usage;
  int code = exit_ok;
  auto answer = answer_in(context, *client, client->call("GET", path_of(o) + "/why"), code);
  if (!answer)
    return code;
  if (!o.connection.empty() && !keep_named(context, o, answer->as_object()))
    return exit_not_found;
  const auto& connections = array_in(answer->as_object(), "connections");
  if (context.as_json)
    std::cout << json::serialize(*answer) << "\n";
  else
    print(connections, {o.tenant, tenant_state(*client, o, connections), format_time(wall_clock())});
  return exit_ok;
}

} // namespace

void add_why_command(command program, cli_context& context) {
  add_command<why_options>(
    program, context, "why", "What a tenant waits for, since when, and what would help", "  lode why acme\n  lode why acme shop\n  lode why acme --json",
    [](command c, why_options& o) {
      c.argument("TENANT", o.tenant, "Name of the tenant");
      c.optional_argument("CONNECTION", o.connection, "Name of the connection; without it, all of them");
    },
    why);
}

} // namespace lode

#include <boost/json.hpp>

#include <iostream>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct changes_options {
  std::string tenant;
  std::string after;
  size_t limit = 1'000'000'000;
};

/// One line per change, as JSON; each holds the cursor to go on from.
int changes(cli_context& context, const changes_options& o) {
  auto client = context.client();
  if (!client)
    return exit_usage;
  auto after = o.after;
  for (auto left = o.limit; left > 0;) {
    auto part = std::min<size_t>(left, 1'000);
    auto path = "/api/v1/tenants/" + path_segment(o.tenant) + "/changes?limit=" + std::to_string(part) + "&after=" + path_segment(after);
    auto reply = client->call("GET", path);
    if (reply.status != 200)
      return report(context, *client, reply);
    auto answer = json::parse(reply.body).as_object();
    const auto& items = answer.at("changes").as_array();
    for (const auto& item : items)
      std::cout << json::serialize(item) << "\n";
    after = cell(answer, "next");
    left -= std::min(left, items.size());
    if (!answer.at("more").as_bool())
      break;
  }
  std::cout.flush();
  std::cerr << "next: lode changes " << o.tenant << " --after " << after << "\n";
  return exit_ok;
}

} // namespace

void add_changes_command(command program, cli_context& context) {
  add_command<changes_options>(
    program, context, "changes", "Real changes of a tenant's records in order, one JSON object per line",
    "  lode changes acme\n  lode changes acme --after CURSOR",
    [](command c, changes_options& o) {
      c.argument("tenant", o.tenant, "Name of the tenant");
      c.option("--after", o.after, "Cursor of the last change seen, or now; else from the beginning");
      c.option("--limit", o.limit, "At most so many", {1});
    },
    changes);
}

} // namespace lode

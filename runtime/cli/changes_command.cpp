#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <thread>
#include <utility>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"

namespace lode {

namespace {

namespace json = boost::json;

constexpr size_t no_limit = SIZE_MAX;

struct changes_options {
  std::string tenant;
  std::string after;
  size_t limit = no_limit;
  bool follows = false;
};

/// How long one answer is waited for; the node waits no longer than 30 s.
constexpr int wait_seconds = 25;
constexpr std::chrono::seconds rest_without_node{1};

std::string path_of(const changes_options& left) {
  // "now" is asked for once and at once: asked again after a restart of the node it would be another moment.
  const bool waits = left.follows && left.after != "now";
  return "/api/v1/tenants/" + path_segment(left.tenant) + "/changes?limit=" + std::to_string(std::min<size_t>(left.limit, 1'000))
         + "&after=" + path_segment(left.after) + (waits ? "&wait=" + std::to_string(wait_seconds) : "");
}

/// The next answer. Who follows outlives the node: a node that starts again, or whose database is away, is asked until it
/// answers.
api_reply call_patiently(const api_client& client, const changes_options& left) {
  for (auto is_told = false;;) {
    auto reply = client.call("GET", path_of(left));
    auto is_away = reply.status == 0 || reply.status == 503 || !reply.is_complete;
    if (!left.follows || !is_away)
      return reply;
    if (!std::exchange(is_told, true))
      std::cerr << "waiting for the node at " << client.address() << "\n";
    std::this_thread::sleep_for(rest_without_node);
  }
}

/// Prints the next changes behind `left.after` and takes them off `left`. False: there are no more, or it failed and told
/// so with `code`.
bool print_some(const cli_context& context, const api_client& client, changes_options& left, int& code) {
  auto answer = answer_in(context, client, call_patiently(client, left), code);
  if (!answer)
    return false;
  const auto& items = answer->at("changes").as_array();
  for (const auto& item : items)
    std::cout << json::serialize(item) << "\n";
  // The cursor never moves past what could not be written.
  if (!std::cout.flush()) {
    code = complain(context, exit_failed, "the changes cannot be written; go on with --after and the cursor of the last whole line");
    return false;
  }
  left.after = cell(answer->as_object(), "next");
  left.limit -= std::min(left.limit, items.size());
  return left.limit > 0 && (left.follows || answer->at("more").as_bool());
}

/// One line per change, as JSON; each holds the cursor to go on from.
int changes(cli_context& context, const changes_options& o) {
  auto client = context.client();
  if (!client)
    return exit_usage;
  auto left = o;
  int code = exit_ok;
  while (print_some(context, *client, left, code)) {
  }
  if (code == exit_ok)
    std::cerr << "next: lode changes " << o.tenant << " " << limit_option(o.limit, no_limit) << "--after " << left.after << (o.follows ? " --follow" : "") << "\n";
  return code;
}

} // namespace

void add_changes_command(command program, cli_context& context) {
  add_command<changes_options>(
    program, context, "changes", "Real changes of a tenant's records in order, one JSON object per line",
    "  lode changes acme\n  lode changes acme --after CURSOR\n  lode changes acme --after now --follow",
    [](command c, changes_options& o) {
      c.argument("TENANT", o.tenant, "Name of the tenant");
      c.option("--after", o.after, "Cursor of the last change seen, or now; else from the beginning");
      c.option("--limit", o.limit, "At most so many", {1});
      c.flag("--follow", o.follows, "Wait for further changes until --limit or an interrupt; each line holds the cursor to go on from");
    },
    changes);
}

} // namespace lode

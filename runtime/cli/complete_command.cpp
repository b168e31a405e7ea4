#include <boost/json.hpp>

#include <algorithm>
#include <iostream>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"
#include "runtime/cli/terminal/why_text.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct complete_options {
  std::string tenant;
  std::string stream;
  std::string connection;
  std::string from;
  std::string to;
};

/// The connection that is named, or the tenant's only one; empty: told, and `code` says what to return.
std::string connection_of(cli_context& context, const api_client& client, const complete_options& o, int& code) {
  if (!o.connection.empty())
    return o.connection;
  auto reply = client.call("GET", "/api/v1/tenants/" + path_segment(o.tenant) + "/connections");
  auto answer = answer_in(context, client, reply, code);
  if (!answer)
    return {};
  const auto& all = answer->at("connections").as_array();
  if (all.size() == 1)
    return cell(all[0].as_object(), "name");
  std::string names;
  for (const auto& each : all)
    names += (names.empty() ? "" : ", ") + cell(each.as_object(), "name");
  code = complain(context, exit_usage, all.empty() ? "tenant " + o.tenant + " has no connection"
                                                   : "tenant " + o.tenant + " has several connections: name one of " + names
                                                       + " with --connection");
  return {};
}

/// What a person does about intervals that are owed for this reason.
std::string advice_for(std::string_view reason, const std::string& names) {
  auto trigger = "lode run trigger " + names;
  if (reason == "not_read")
    return "the next run reads it, or " + trigger + "; what lies before the cursor needs --kind full";
  if (reason == "run_open")
    return "wait for the run; what it waits for: lode why " + names;
  if (reason == "failed")
    return "put right what the reason names, then " + trigger;
  if (reason == "shifted")
    return trigger + " --kind full, at a quiet hour of the API";
  if (reason == "not_heard")
    return "a repair is started once the API is listened to again, or " + trigger + " --kind full";
  if (reason == "dead_records")
    return "look at them with lode dead-letter list, put the source right, then " + trigger + " --kind full";
  return trigger;
}

void print_owed(const json::object& answer, const std::string& names) {
  table rows{{"PARTITION", "FROM", "TO", "REASON", "RUN", "DETAIL"}};
  std::vector<std::string> reasons;
  for (const auto& item : answer.at("owed").as_array()) {
    const auto& owed = item.as_object();
    auto reason = cell(owed, "reason");
    rows.add({cell(owed, "partition"), cell(owed, "from"), cell(owed, "to"), reason, cell(owed, "run"), cell(owed, "detail")});
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
      reasons.push_back(reason);
  }
  rows.print(std::cout);
  if (answer.at("cut").as_bool())
    std::cout << "there is more than one answer is made of: put right what is listed, then ask again\n";
  std::cout << "\n";
  for (const auto& reason : reasons)
    std::cout << reason << ": " << advice_for(reason, names) << "\n";
}

void print_unverified(const json::object& answer, const std::string& names) {
  const auto& gaps = answer.at("deletes_unverified").as_array();
  if (gaps.empty())
    return;
  std::cout << "\nnobody listened then, and what was deleted may still be there until a full pass has swept:\n";
  table rows{{"FROM", "TO", "RUN", "DETAIL"}};
  for (const auto& item : gaps) {
    const auto& gap = item.as_object();
    rows.add({cell(gap, "from"), cell(gap, "to"), cell(gap, "run"), cell(gap, "detail")});
  }
  rows.print(std::cout);
  std::cout << "a scheduled full pass does it (full_pass_every), or lode run trigger " << names << " --kind full\n";
}

void print(const json::object& answer, const std::string& names) {
  auto from = cell(answer, "from");
  auto span = (from.empty() ? "from the beginning" : "from " + from) + " to " + cell(answer, "to");
  if (answer.at("complete").as_bool()) {
    std::cout << "complete: " << cell(answer, "stream") << ", " << span << "\n";
    return print_unverified(answer, names);
  }
  std::cout << "not complete: " << cell(answer, "stream") << ", " << span << "\n\n";
  print_owed(answer, names);
  print_unverified(answer, names);
}

int run(cli_context& context, const complete_options& o) {
  auto client = context.client();
  if (!client)
    return exit_usage;
  int code = exit_ok;
  auto connection = connection_of(context, *client, o, code);
  if (connection.empty())
    return code;
  auto path = connection_path(o.tenant, connection) + "/streams/" + path_segment(o.stream) + "/complete?from=" + path_segment(o.from)
              + "&to=" + path_segment(o.to);
  auto answer = answer_in(context, *client, client->call("GET", path), code);
  if (!answer)
    return code;
  if (context.as_json)
    std::cout << json::serialize(*answer) << "\n";
  else
    print(answer->as_object(), quoted(o.tenant) + " " + quoted(connection));
  return answer->at("complete").as_bool() ? exit_ok : exit_owed;
}

} // namespace

void add_complete_command(command program, cli_context& context) {
  add_command<complete_options>(
    program, context, "complete", "Whether everything of a stream is there, or which intervals are owed and why",
    "  lode complete acme contacts --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z\n"
    "  lode complete acme contacts --connection crm --json\nReturns 8 when something is owed. Deletes that are not verified are told, and are no reason for 8.",
    [](command c, complete_options& o) {
      c.argument("TENANT", o.tenant, "Name of the tenant");
      c.argument("STREAM", o.stream, "Name of the stream");
      c.option("--connection", o.connection, "Name of the connection; needed when the tenant has several");
      c.option("--from", o.from, "Beginning of the span; without it, where reading began");
      c.option("--to", o.to, "End of the span; without it, now");
    },
    run);
}

} // namespace lode

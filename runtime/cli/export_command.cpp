#include <iostream>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/commands.hpp"

namespace lode {

namespace {

struct export_options {
  std::string tenant;
  std::string connection;
  std::string stream;
  std::string after;
  size_t limit = 0;
  bool with_deleted = false;
};

int export_records(cli_context& context, const export_options& o) {
  auto path = connection_path(o.tenant, o.connection) + "/streams/" + path_segment(o.stream) + "/records?after=" + path_segment(o.after);
  if (o.limit)
    path += "&limit=" + std::to_string(o.limit);
  if (o.with_deleted)
    path += "&deleted=true";
  auto client = context.client();
  if (!client)
    return exit_usage;
  auto reply = client->call("GET", path, {}, "", [](std::string_view piece) { std::cout << piece; });
  const bool is_written = !!std::cout.flush();
  if (reply.status != 200)
    return report(context, *client, reply);
  if (!is_written)
    return complain(context, exit_failed, "the records cannot be written; go on after the key of the last whole line with --after KEY");
  if (!reply.is_complete)
    return complain(context, exit_failed, "the export broke off; go on after the last key printed with --after KEY");
  return exit_ok;
}

} // namespace

void add_export_command(command program, cli_context& context) {
  add_command<export_options>(
    program, context, "export", "Records of a stream, one JSON object per line",
    "  lode export acme crm contacts > contacts.jsonl\n  lode export acme crm contacts --after KEY --limit 1000",
    [](command c, export_options& o) {
      c.argument("TENANT", o.tenant, "Name of the tenant");
      c.argument("CONNECTION", o.connection, "Name of the connection");
      c.argument("STREAM", o.stream, "Name of the stream");
      c.option("--after", o.after, "Begin after this key");
      c.option("--limit", o.limit, "At most so many records");
      c.flag("--deleted", o.with_deleted, "Deleted ones too");
    },
    export_records);
}

} // namespace lode

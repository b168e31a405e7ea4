#include <boost/json.hpp>

#include <iostream>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/table.hpp"
#include "runtime/cli/terminal/why_text.hpp"

namespace lode {

namespace {

namespace json = boost::json;

constexpr size_t usual_limit = 100;

struct audit_options {
  std::string tenant;
  std::string after;
  size_t limit = usual_limit;
};

int audit(cli_context& context, const audit_options& o) {
  auto path = "/api/v1/audit?limit=" + std::to_string(o.limit) + (o.tenant.empty() ? "" : "&tenant=" + path_segment(o.tenant))
              + (o.after.empty() ? "" : "&after=" + path_segment(o.after));
  return ask(context, "GET", path, {}, [&](const json::value& answer) {
    table rows{{"ID", "AT", "NODE", "WHO", "STATUS", "METHOD", "PATH"}};
    for (const auto& item : answer.at("entries").as_array()) {
      const auto& entry = item.as_object();
      rows.add({cell(entry, "id"), cell(entry, "at"), cell(entry, "node"), cell(entry, "who"), entry.at("status").is_null() ? "?" : cell(entry, "status"), cell(entry, "method"),
                cell(entry, "path")});
    }
    rows.print(std::cout);
    if (auto next = cell(answer.as_object(), "next"); !next.empty())
      std::cout << "more: lode audit " << (o.tenant.empty() ? "" : "--tenant " + quoted(o.tenant) + " ") << limit_option(o.limit, usual_limit)
                << "--after " << next << "\n";
  });
}

} // namespace

void add_audit_command(command program, cli_context& context) {
  add_command<audit_options>(
    program, context, "audit", "Who changed what, latest first", "  lode audit --limit 20\n  lode audit --tenant acme",
    [](command c, audit_options& o) {
      c.option("--tenant", o.tenant, "Only what concerns this tenant");
      c.option("--after", o.after, "Begin after this entry");
      c.option("--limit", o.limit, "At most so many", {1, 1'000});
    },
    audit);
}

} // namespace lode

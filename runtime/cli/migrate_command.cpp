#include <boost/json.hpp>

#include <iostream>

#include "messages/type_ids.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/storage/postgres/migrate.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct no_options {};

int migrate_store(cli_context& context, const no_options&) {
  auto loaded = context.load();
  if (!loaded)
    return exit_usage;
  if (loaded->store.dsn.empty())
    return complain(context, exit_usage, "store.dsn is not set: where PostgreSQL is, e.g. --set store.dsn='host=/run/postgresql dbname=lode'");
  postgres_settings postgres;
  postgres.dsn = loaded->store.dsn;
  auto done = migrate(postgres);
  if (!done)
    return complain(context, exit_code_of(code_of(done.error())), message_of(done.error()));
  if (context.as_json)
    std::cout << json::serialize(json::object{{"from", done->from}, {"to", done->to},
                                              {"applied", json::array(done->applied.begin(), done->applied.end())}})
              << "\n";
  else if (done->applied.empty())
    std::cout << "nothing to do: the schema is at version " << done->to << "\n";
  else
    for (const auto& name : done->applied)
      std::cout << "applied " << name << "\n";
  return exit_ok;
}

} // namespace

void add_migrate_command(command program, cli_context& context) {
  add_command<no_options>(program, context, "migrate", "Bring the database to this program's schema; needs no node",
                          "  lode migrate --config lode.yaml", [](auto&, auto&) {}, migrate_store);
}

} // namespace lode

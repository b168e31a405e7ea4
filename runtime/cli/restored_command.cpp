#include <boost/json.hpp>
#include <fmt/format.h>

#include <iostream>

#include "messages/type_ids.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/storage/postgres/migrate.hpp"
#include "runtime/storage/postgres/postgres_generation_store.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct no_options {};

std::string hex(int64_t generation) {
  return fmt::format("{:x}", static_cast<uint64_t>(generation));
}

void explain(const new_generation& made) {
  std::cout << "the store has begun generation " << hex(made.now) << "; what was promised in " << hex(made.before)
            << " does not count any more\n"
            << "next:\n"
            << "  1. start the nodes: they claim the shards anew, and " << made.open_runs
            << " open runs go on from where the restored database stands\n"
            << "  2. readers of the feed: cursors of before are refused (409). Take one of now (lode changes TENANT --after now),\n"
            << "     then export the records, and go on from that cursor\n"
            << "  3. look at lode status: a connection whose single-use token was used after the backup asks to be authorised again\n"
            << "Redis needs nothing: what it holds of before is not believed, and goes when it is full\n";
}

int begin_generation(cli_context& context, const no_options&) {
  auto loaded = context.load();
  if (!loaded)
    return exit_usage;
  if (loaded->store.dsn.empty())
    return complain(context, exit_usage, "store.dsn is not set: where the restored PostgreSQL is");
  postgres_settings postgres;
  postgres.dsn = loaded->store.dsn;
  postgres.statement_timeout = std::chrono::minutes{10}; // it waits for commits under way and touches all open work
  postgres.lock_timeout = std::chrono::seconds{30};
  if (auto wrong = check_schema(postgres))
    return complain(context, exit_code_of(code_of(wrong)), message_of(wrong));
  auto made = make_postgres_generation_store(postgres, "restored")->begin_generation();
  if (!made)
    return complain(context, exit_code_of(code_of(made.error())), message_of(made.error()));
  if (context.as_json)
    std::cout << json::serialize(json::object{
                   {"generation", hex(made->now)}, {"generation_before", hex(made->before)}, {"open_runs", made->open_runs}})
              << "\n";
  else
    explain(*made);
  return exit_ok;
}

} // namespace

void add_restored_command(command program, cli_context& context) {
  add_command<no_options>(program, context, "restored",
                          "After PostgreSQL was restored or failed over: begin a new generation of the store; needs no node",
                          "  lode restored --config lode.yaml", [](auto&, auto&) {}, begin_generation);
}

} // namespace lode

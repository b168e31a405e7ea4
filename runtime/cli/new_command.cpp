#include <boost/json.hpp>

#include <iostream>

#include "messages/type_ids.hpp"
#include "runtime/cli/actor_skeleton.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct actor_options {
  std::string name;
  std::string kind;
  std::string directory;
};

void print_next(const actor_skeleton& made, const std::vector<std::string>& written) {
  const auto folder = made.folder.string();
  std::cout << folder << ": a " << made.kind << " that compiles and is tested\n";
  for (const auto& name : written)
    std::cout << "  " << name << "\n";
  std::cout << "next:\n  cmake -S " << folder << " -B " << folder
            << "/build -DCMAKE_PREFIX_PATH=WHERE_LODE_IS_INSTALLED\n  cmake --build " << folder << "/build\n  (cd "
            << folder << "/build && ctest --output-on-failure)\n  " << folder << "/build/lode-" << made.name
            << " --help\n";
}

int make_actor(cli_context& context, const actor_options& o) {
  actor_skeleton asked{o.name, o.kind, o.directory.empty() ? o.name : o.directory};
  std::vector<std::string> written;
  auto problem = check(asked, context.known);
  if (!problem)
    problem = write(asked, written);
  if (problem)
    return complain(context, exit_code_of(code_of(problem)), message_of(problem));
  if (context.as_json)
    std::cout << json::serialize(json::object{{"name", asked.name},
                                              {"kind", asked.kind},
                                              {"folder", asked.folder.string()},
                                              {"files", json::array(written.begin(), written.end())}})
              << "\n";
  else
    print_next(asked, written);
  return exit_ok;
}

} // namespace

void add_new_command(command program, cli_context& context) {
  auto made = program.group("new", "Begin something of your own");
  add_command<actor_options>(
    made, context, "actor",
    "Write a folder with a new type of miner, step, listener, sink or schedule, its test and its program; needs no "
    "node",
    "  lode new actor orders_api --kind miner\n  lode new actor only_german --kind step --directory "
    "extensions/only_german",
    [](command c, actor_options& o) {
      c.argument("name", o.name, "What YAML will call it: a-z, 0-9 and _");
      c.option("--kind", o.kind, "miner, step, listener, sink or schedule");
      c.option("--directory", o.directory, "The folder to make; else NAME");
    },
    make_actor);
}

} // namespace lode

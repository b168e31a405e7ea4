#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>
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

/// As one word of a shell.
std::string word(const std::string& text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || std::string_view{"/._-+"}.find(c) != std::string_view::npos;
  });
  if (is_plain)
    return text;
  std::string out = "'";
  for (auto c : text)
    out += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return out + "'";
}

void print_next(const actor_skeleton& made, const std::vector<std::string>& written) {
  const auto folder = made.folder.string();
  std::cout << folder << ": a " << made.kind << " that compiles and is tested\n";
  for (const auto& name : written)
    std::cout << "  " << name << "\n";
  std::error_code problem;
  const auto kit = kit_of(std::filesystem::read_symlink("/proc/self/exe", problem)).string();
  const auto build = word(folder + "/build");
  std::cout << "next:\n  cmake -S " << word(folder) << " -B " << build
            << " -DCMAKE_PREFIX_PATH=" << (kit.empty() ? "WHERE_LODE_IS_INSTALLED" : word(kit)) << "\n  cmake --build "
            << build << "\n  (cd " << build << " && ctest --output-on-failure)\n  "
            << word(folder + "/build/lode-" + made.name) << " --help\n";
  if (kit.empty())
    std::cout << "to install Lode, in its checkout: setup/build release kit && cmake --install build/release --prefix "
                 "WHERE_LODE_IS_INSTALLED\n";
  std::cout << "then: " << folder << "/README.md\n";
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
      c.argument("NAME", o.name, "What YAML will call it: a-z, 0-9 and _");
      c.option("--kind", o.kind, "miner, step, listener, sink or schedule");
      c.option("--directory", o.directory, "The folder to make; else NAME");
    },
    make_actor);
}

} // namespace lode

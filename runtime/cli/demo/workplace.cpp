#include "runtime/cli/demo/workplace.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "runtime/cli/demo/child_process.hpp"
#include "runtime/cli/demo/files.hpp"

namespace lode::demo {

namespace fs = std::filesystem;

namespace {

std::string variable(const char* name) {
  const auto* value = std::getenv(name);
  return value ? value : "";
}

std::string cache_folder() {
  if (auto cache = variable("LODE_CACHE"); !cache.empty())
    return cache;
  if (auto cache = variable("XDG_CACHE_HOME"); !cache.empty())
    return cache + "/lode";
  auto home = variable("HOME");
  return (home.empty() ? "/root" : home) + "/.cache/lode";
}

/// A script or folder of the source tree: from the environment, else through the links that the build left beside bin/.
std::string find_shared(const char* from_environment, const fs::path& programs, const std::string& name) {
  auto given = variable(from_environment);
  auto path = given.empty() ? (programs / "../share/lode" / name).lexically_normal() : fs::path{given};
  std::error_code unreadable;
  if (!fs::exists(path, unreadable))
    throw failure{path.string() + " is missing: lode demo needs what lies beside it in the source tree; build it there, or name it in "
                  + from_environment};
  return path.string();
}

constexpr auto settings_text = R"(# A node of lode demo.
node: {{name: {name}}}
cluster:
  name: demo
  listen: 127.0.0.1:0
  certificate_file: "{folder}/certificates/{name}.pem"
  key_file: "{folder}/certificates/{name}.key"
  ca_file: "{folder}/certificates/ca.pem"
store: {{dsn: "{dsn}"}}
cache: {{redis_url: "{redis}"}}
http:
  # All nodes together have fewer connections than there are tenants: they take turns.
  connections_per_host: 32
  resolve: {{"*.shop.test": 127.0.0.1, graph.test: 127.0.0.1, crm.test: 127.0.0.1}}
mining: {{runs_started_per_second: 200}}
console: {{listen: "127.0.0.1:{port}"}}
security: {{key_file: "{folder}/lode.key"}}
)";

} // namespace

workplace::workplace(const show_options& options) {
  folder_ = fs::absolute(options.folder.empty() ? cache_folder() + "/demo" : options.folder).lexically_normal();
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (failed)
    throw failure{folder_ + ": cannot be made: " + failed.message()};
  hold_lock(in("demo.lock"));
  own_program_ = fs::read_symlink("/proc/self/exe");
  fs::path programs = fs::path{own_program_}.parent_path();
  programs_ = programs;
  servers_ = find_shared("LODE_SERVERS", programs, "setup/servers");
  sources_ = find_shared("LODE_SOURCES", programs, "sources");
  program("lode-simapi");
  program("lode-audit");
}

std::string workplace::program(const std::string& name) const {
  auto path = programs_ + "/" + name;
  if (access(path.c_str(), X_OK) != 0)
    throw failure{path + " is missing; build it: setup/build release lode lode-simapi lode-audit"};
  return path;
}

std::string workplace::source(const std::string& name) const {
  auto text = read_text(sources_ + "/" + name + ".yaml");
  if (text.empty())
    throw failure{sources_ + "/" + name + ".yaml cannot be read"};
  return text;
}

void workplace::run_lode(const std::vector<std::string>& arguments) const {
  std::vector<std::string> command{own_program_};
  command.insert(command.end(), arguments.begin(), arguments.end());
  if (run_to_end(command, in("certificates.log")) != 0)
    throw failure{"the nodes' certificates cannot be made:\n" + last_lines(read_text(in("certificates.log")), 5)};
}

void workplace::make_cluster_files() const {
  if (read_text(in("lode.key")).empty())
    write_text(in("lode.key"), random_key() + "\n");
  if (!fs::exists(in("certificates/ca.pem")))
    run_lode({"cluster", "init", "--directory", in("certificates"), "--name", "demo"});
}

void workplace::write_settings(const node_settings& node) const {
  if (!fs::exists(in("certificates/" + node.name + ".pem")))
    run_lode({"cluster", "certificate", node.name, "--directory", in("certificates")});
  write_text(in(node.name + ".yaml"),
             fmt::format(settings_text, fmt::arg("name", node.name), fmt::arg("folder", folder_), fmt::arg("dsn", node.dsn),
                         fmt::arg("redis", node.redis_url), fmt::arg("port", node.port)));
}

void workplace::clear() const {
  if (fs::exists(servers_folder()) && run_to_end({servers_, "erase", servers_folder()}, in("servers.log")) != 0)
    throw failure{"the former show's servers cannot be erased:\n" + last_lines(read_text(in("servers.log")), 5)};
  for (const auto* name : {"show.json", "simapi.state", "simapi.ready", "lode.key", "certificates", "simapi.log", "audit.log",
                           "audit.json", "servers.log", "certificates.log"})
    fs::remove_all(in(name));
  for (const auto* name : node_names)
    for (const auto* ending : {".yaml", ".log"})
      fs::remove(in(name + std::string{ending}));
}

uint16_t free_port() {
  int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  auto is_known = bind(probe, any, sizeof address) == 0 && getsockname(probe, any, &size) == 0;
  close(probe);
  if (!is_known)
    throw failure{"no free port on 127.0.0.1"};
  return ntohs(address.sin_port);
}

} // namespace lode::demo

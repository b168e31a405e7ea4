#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "tests/support/scenario.hpp"

namespace lode::test {

namespace {

/// Quick to notice and quick to try again, so that a fault costs tenths of seconds.
std::map<std::string, std::string> default_settings() {
  return {{"node.name", "scenario"},
          {"node.shutdown_timeout", "2s"},
          {"store.retry_min", "50ms"},
          {"store.retry_max", "500ms"},
          {"http.resolve", "{\"*.test\": 127.0.0.1}"},
          {"mining.request_retries", "3"},
          {"mining.retry_min", "50ms"},
          {"mining.retry_max", "400ms"},
          {"mining.window", "4"},
          {"mining.miners_per_tenant", "4"},
          {"console.listen", "127.0.0.1:0"},
          {"console.threads", "2"},
          {"node.writers", "2"},
          {"node.processors", "2"},
          {"node.scheduler_threads", "2"},
          {"security.key", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}};
}

} // namespace

std::string scenario::program() const {
  return settings_.program.empty() ? LODE_BINARY : settings_.program;
}

std::string scenario::write_config() {
  auto values = default_settings();
  values["store.dsn"] = '"' + database_->dsn() + '"';
  for (const auto& [key, value] : settings_.node)
    values[key] = value;
  auto path = folder_ + "/lode-" + std::to_string(starts_) + ".yaml"; // nodes may read theirs at the same time
  std::ofstream file{path};
  std::string section;
  for (const auto& [key, value] : values) {
    auto dot = key.find('.');
    if (auto next = key.substr(0, dot); next != section)
      file << (section = next) << ":\n";
    file << "  " << key.substr(dot + 1) << ": " << value << "\n";
  }
  return path;
}

void scenario::launch_node(const std::string& fault) {
  auto log = folder_ + "/node-" + std::to_string(++starts_) + ".log";
  std::vector<std::string> environment{"LODE_FAULT=" + fault};
  {
    const inside there{node_place_};
    node_ = std::make_unique<child_process>(std::vector<std::string>{program(), "serve", "--config", write_config()},
                                            log, environment);
  }
  node_port_ = 0;
}

void scenario::await_node(bool may_die) {
  const auto& log = node_->log();
  await(
    "the node is up", [&] { return !node_->is_running() || (node_port_ = console_port_of(*node_)) != 0; },
    std::chrono::seconds{60}, [&] { return last_lines(log); });
  if (!node_->is_running() && !may_die)
    throw std::runtime_error{"the node ended at its start\n" + last_lines(log)};
}

void scenario::start_node(const std::string& fault) {
  launch_node(fault);
  await_node(!fault.empty());
}

uint16_t console_port_of(const child_process& node) {
  static const std::string mark = "console on http://127.0.0.1:";
  auto text = read_file(node.log());
  auto at = text.find(mark);
  if (at == std::string::npos || text.find('\n', at) == std::string::npos)
    return 0;
  return static_cast<uint16_t>(std::stoul(text.substr(at + mark.size())));
}

bool scenario::start_node_until_it_dies_at(const std::string& fault) {
  start_node(fault);
  await(
    "the node dies at " + fault,
    [&] {
      if (!node_->is_running())
        return true;
      // One statement: a run may start between two.
      return number("SELECT count(*) FROM connection c WHERE state = 0 AND (NOT EXISTS (SELECT FROM run r "
                    "WHERE r.connection_id = c.id) OR EXISTS (SELECT FROM run r WHERE r.connection_id = c.id AND r.phase = 0))")
             == 0;
    },
    std::chrono::seconds{60}, [&] { return log(); });
  return !node_->is_running();
}

void scenario::kill_node() {
  node_->kill_hard();
}

int scenario::command(const std::vector<std::string>& words, std::string& out) {
  std::vector<std::string> line{program()};
  line.insert(line.end(), words.begin(), words.end());
  line.insert(line.end(), {"--config", write_config()});
  auto log = folder_ + "/command.log";
  std::remove(log.c_str());
  const inside there{node_place_};
  auto code = run_program(line, log);
  out += read_file(log);
  return code;
}

running_node scenario::leave_node() {
  return {std::move(node_), node_port_, node_place_};
}

void scenario::use_node(const running_node& other) {
  node_ = other.process;
  node_port_ = other.port;
  node_place_ = other.place;
}

void scenario::stop_node() {
  if (auto code = node_->stop())
    throw std::runtime_error{"the node ended with " + std::to_string(code) + "\n" + log()};
}

std::string scenario::log() const {
  return node_ ? last_lines(node_->log(), 25) : "";
}

} // namespace lode::test

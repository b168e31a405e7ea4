#include "tests/support/scenario.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace lode::test {

bool is_verified(const json::object& audit) {
  return audit.at("verified").as_bool();
}

int64_t number_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found && found->is_number() ? found->to_number<int64_t>() : 0;
}

std::string text_in(const json::object& object, std::string_view name) {
  const auto* found = object.if_contains(name);
  return found && found->is_string() ? std::string{found->as_string()} : "";
}

scenario::scenario(scenario_settings settings) : settings_(std::move(settings)) {
  folder_ = "/tmp/lode-scenario.XXXXXX";
  if (!mkdtemp(folder_.data()))
    throw std::runtime_error{"cannot make a folder in /tmp"};
  std::filesystem::permissions(folder_, std::filesystem::perms{0711});
  database_ = std::make_unique<scenario_database>(settings_.own_server, folder_, settings_.database_place);
  start_simapi();
}

scenario::~scenario() {
  node_.reset();
  simapi_.reset();
  database_.reset();
  if (!std::getenv("LODE_KEEP"))
    std::filesystem::remove_all(folder_);
}

int64_t scenario::number(const std::string& sql) {
  return test_session{database_->dsn()}.number(sql);
}

void scenario::sql(const std::string& statements) {
  test_session{database_->dsn()}.run(statements);
}

json::object scenario::audit(const std::vector<std::string>& options) {
  auto result = folder_ + "/audit.json";
  auto log = folder_ + "/audit.log";
  std::filesystem::remove(log);
  std::filesystem::remove(result);
  auto truth = "http://127.0.0.1:" + std::to_string(control_port_);
  std::vector<std::string> command{LODE_AUDIT_BINARY, "--truth", truth, "--store", database_->dsn(), "--json", result};
  command.insert(command.end(), options.begin(), options.end());
  const inside there{settings_.apis_place};
  auto code = run_program(command, log);
  audit_text_ = read_file(log);
  if (code != 0 && code != 1)
    throw std::runtime_error{"lode-audit ended with " + std::to_string(code) + ": " + audit_text_};
  return json::parse(read_file(result)).as_object();
}

void scenario::await_verified(const std::vector<std::string>& options, std::chrono::milliseconds limit) {
  await("the audit is clean", [&] { return is_verified(audit(options)); }, limit, [&] { return audit_text_; });
}

} // namespace lode::test

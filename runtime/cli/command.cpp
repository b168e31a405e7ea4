#include "runtime/cli/command.hpp"

#include <CLI/CLI.hpp>

#include "runtime/cli/cli_context.hpp"

namespace lode {

namespace {

template <class Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, Number& value, const std::string& help, option_range range) {
  auto* option = app.add_option(name, value, help);
  if (range.least > 0 || range.most < std::numeric_limits<Number>::max())
    option->check(CLI::Range(range.least, range.most));
  return option;
}

} // namespace

command command::group(const std::string& name, const std::string& help) {
  auto* child = app_->add_subcommand(name, help);
  child->require_subcommand(1);
  child->fallthrough(); // common options may also follow the command
  return command{*child};
}

command command::leaf(const std::string& name, const std::string& help, const std::string& examples,
                      std::function<void()> chosen) {
  auto* child = app_->add_subcommand(name, help);
  child->footer("Examples:\n" + examples);
  child->callback(std::move(chosen));
  return command{*child};
}

void command::argument(const std::string& name, std::string& value, const std::string& help) {
  app_->add_option(name, value, help)->required();
}

void command::argument(const std::string& name, int64_t& value, const std::string& help) {
  app_->add_option(name, value, help)->required();
}

void command::optional_argument(const std::string& name, std::string& value, const std::string& help) {
  app_->add_option(name, value, help);
}

void command::option(const std::string& name, std::string& value, const std::string& help) {
  app_->add_option(name, value, help);
}

void command::option(const std::string& name, uint64_t& value, const std::string& help, option_range range) {
  add_number(*app_, name, value, help, range);
}

void command::option(const std::string& name, uint32_t& value, const std::string& help, option_range range) {
  add_number(*app_, name, value, help, range);
}

void command::option(const std::string& name, std::vector<std::string>& values, const std::string& help) {
  app_->add_option(name, values, help)->allow_extra_args(false);
}

void command::hidden_option(const std::string& name, uint32_t& value, option_range range) {
  add_number(*app_, name, value, {}, range)->group("");
}

void command::flag(const std::string& name, bool& value, const std::string& help) {
  app_->add_flag(name, value, help);
}

command_line::command_line(const std::string& name, const std::string& help, const std::string& footer)
  : app_(std::make_unique<CLI::App>(help, name)) {
  app_->footer(footer);
  app_->require_subcommand(1);
  app_->fallthrough();
}

command_line::~command_line() = default;

bool command_line::parse(int argc, char** argv, int& exit_code) {
  try {
    app_->parse(argc, argv);
    return true;
  } catch (const CLI::ParseError& e) {
    exit_code = app_->exit(e) == 0 ? exit_ok : exit_usage;
    return false;
  }
}

} // namespace lode

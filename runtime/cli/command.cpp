#include "runtime/cli/command.hpp"

#include <CLI/CLI.hpp>

#include <charconv>
#include <iostream>
#include <utility>

#include "config/text_values.hpp"

namespace lode {

namespace {

constexpr const char* common_options = "Common options (--json, --node, --config, ...): lode --help";

/// "1 to 1000"; "" when any number of the type will do.
template <class Number>
std::string range_text(option_range range) {
  const bool is_bounded = range.most < static_cast<uint64_t>(std::numeric_limits<Number>::max());
  if (is_bounded)
    return std::to_string(range.least) + " to " + std::to_string(range.most);
  return range.least > 0 ? "at least " + std::to_string(range.least) : std::string{};
}

/// Refuses what is no number, or none of the range, in the words of every other mistake: found and expected. Without a description, which
/// CLI11 would print as a type.
template <class Number>
CLI::Validator whole_number(option_range range) {
  auto check = [range](const std::string& text) -> std::string {
    Number number{};
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    const bool is_number = read.ec == std::errc{} && read.ptr == end;
    if (is_number && std::cmp_greater_equal(number, range.least) && std::cmp_less_equal(number, range.most))
      return {};
    const auto allowed = range_text<Number>(range);
    return "found \"" + text + "\", expected a whole number" + (allowed.empty() ? "" : ", " + allowed);
  };
  return CLI::Validator{check, ""};
}

std::string with_facts(const std::string& help, const std::string& range, const std::string& usual) {
  const auto facts = range + (range.empty() || usual.empty() ? "" : "; ") + (usual.empty() ? "" : "default " + usual);
  return facts.empty() ? help : help + " (" + facts + ")";
}

/// A value of 0 and the greatest one stand for "not given".
template <class Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, Number& value, const std::string& help, option_range range) {
  const bool has_default = value != 0 && value != std::numeric_limits<Number>::max();
  return app.add_option(name, value, with_facts(help, range_text<Number>(range), has_default ? std::to_string(value) : ""))
    ->type_name("NUMBER")
    ->check(whole_number<Number>(range));
}

/// The command that the arguments have led to.
const CLI::App& chosen_of(const CLI::App& root) {
  const auto* at = &root;
  while (!at->get_subcommands().empty())
    at = at->get_subcommands().front();
  return *at;
}

/// "lode tenant list"
std::string words_of(const CLI::App& app) {
  return (app.get_parent() ? words_of(*app.get_parent()) + " " : "") + app.get_name();
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* each : app.get_subcommands([](const CLI::App*) { return true; }))
    out.push_back(each->get_name());
  return out;
}

/// Those of its parents are its own, too.
std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* at = &app; at; at = at->get_parent())
    for (const auto* each : at->get_options())
      for (const auto& name : each->get_lnames())
        out.push_back("--" + name);
  return out;
}

std::string meant(const std::string& name) {
  return name.empty() ? "" : "; did you mean " + name + "?";
}

/// What is wrong with the first word that no command took.
std::string about_leftover(const CLI::App& at, const std::string& found) {
  const auto place = words_of(at);
  if (found.starts_with('-'))
    return place + ": there is no option " + found + meant(setting_text::nearest_name(found.substr(0, found.find('=')), options_of(at)));
  const auto commands = commands_of(at);
  if (commands.empty())
    return place + ": found \"" + found + "\", expected no further argument";
  return "there is no command \"" + place + " " + found + "\"" + meant(setting_text::nearest_name(found, commands));
}

std::string about(const CLI::App& at, const CLI::ParseError& mistake) {
  const auto commands = commands_of(at);
  if (commands.empty() || mistake.get_name() != "RequiredError")
    return words_of(at) + ": " + mistake.what();
  std::string names;
  for (const auto& name : commands)
    names += (names.empty() ? "" : ", ") + name;
  return words_of(at) + ": a command is missing, one of " + names;
}

} // namespace

command command::group(const std::string& name, const std::string& help) {
  auto* child = app_->add_subcommand(name, help);
  child->require_subcommand(1);
  child->fallthrough(); // common options may also follow the command
  child->footer(common_options);
  return command{*child};
}

command command::leaf(const std::string& name, const std::string& help, const std::string& examples,
                      std::function<void()> chosen) {
  auto* child = app_->add_subcommand(name, help);
  child->footer("Examples:\n" + examples + "\n\n" + common_options);
  child->callback(std::move(chosen));
  return command{*child};
}

void command::argument(const std::string& name, std::string& value, const std::string& help) {
  app_->add_option(name, value, help)->type_name("")->required();
}

void command::argument(const std::string& name, int64_t& value, const std::string& help) {
  app_->add_option(name, value, help)->type_name("")->check(whole_number<int64_t>({0, INT64_MAX}))->required();
}

void command::optional_argument(const std::string& name, std::string& value, const std::string& help) {
  app_->add_option(name, value, help)->type_name("");
}

void command::option(const std::string& name, std::string& value, const std::string& help) {
  app_->add_option(name, value, with_facts(help, {}, value));
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

command_line::command_line(const std::string& name, const std::string& version, const std::string& help, const std::string& footer)
  : app_(std::make_unique<CLI::App>(help, name)) {
  app_->footer(footer);
  app_->get_formatter()->label("REQUIRED", ""); // the usage line shows in brackets what may be absent
  app_->set_version_flag("--version", version, "Print the version");
  app_->require_subcommand(1);
  app_->fallthrough();
}

command_line::~command_line() = default;

bool command_line::parse(int argc, char** argv, std::string& mistake) {
  try {
    app_->parse(argc, argv);
    return true;
  } catch (const CLI::ParseError& e) {
    const auto& at = chosen_of(*app_);
    const auto leftover = app_->remaining(true);
    if (!leftover.empty() && leftover.front() == "help")
      std::cout << app_->help();
    else if (leftover.empty() && e.get_exit_code() == 0)
      app_->exit(e); // --help, --version
    else
      mistake = (leftover.empty() ? about(at, e) : about_leftover(at, leftover.front())) + " (" + words_of(at) + " --help)";
    return false;
  }
}

} // namespace lode

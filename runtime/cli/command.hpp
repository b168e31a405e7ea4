#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lode {

/// Least and greatest value that a numeric option takes.
struct option_range {
  uint64_t least = 0;
  uint64_t most = UINT64_MAX;
};

/// A command of the program, with its arguments and options; a handle that is cheap to copy. It stands between the commands
/// and CLI11, whose header alone costs ten seconds in every file that sees it.
///
/// What is parsed goes to the variables given here, which must outlive the parsing. Bad values, missing arguments and unknown
/// options are mistakes that `command_line::parse` tells, before any command runs. --help shows the range of a number, and what an option
/// has when it is not given.
class command {
public:
  explicit command(CLI::App& app) : app_(&app) {}

  /// A command of commands, one of which must follow: `lode tenant`.
  command group(const std::string& name, const std::string& help);
  /// A command that does something; `chosen` is called when the program's arguments name it.
  command leaf(const std::string& name, const std::string& help, const std::string& examples, std::function<void()> chosen);

  /// An argument by position, which must be given.
  void argument(const std::string& name, std::string& value, const std::string& help);
  void argument(const std::string& name, int64_t& value, const std::string& help);
  /// An argument by position that may be absent.
  void optional_argument(const std::string& name, std::string& value, const std::string& help);
  /// An option with a value, `--name` or `-n,--name`.
  void option(const std::string& name, std::string& value, const std::string& help);
  void option(const std::string& name, uint64_t& value, const std::string& help, option_range range = {});
  void option(const std::string& name, uint32_t& value, const std::string& help, option_range range = {0, UINT32_MAX});
  /// An option that may be given several times.
  void option(const std::string& name, std::vector<std::string>& values, const std::string& help);
  /// As `option`, but not shown by --help: for tests.
  void hidden_option(const std::string& name, uint32_t& value, option_range range);
  void flag(const std::string& name, bool& value, const std::string& help);

private:
  CLI::App* app_;
};

/// The program `lode`: commands are added to `root`, then `parse` reads the arguments.
class command_line {
public:
  command_line(const std::string& name, const std::string& version, const std::string& help, const std::string& footer);
  ~command_line();
  command_line(const command_line&) = delete;
  command_line& operator=(const command_line&) = delete;

  command root() { return command{*app_}; }
  /// True when a command was found. Else `mistake` says what was found, what is nearest to it and how to go on, or is "" when help or the
  /// version was asked for, which stands on standard output then.
  bool parse(int argc, char** argv, std::string& mistake);

private:
  std::unique_ptr<CLI::App> app_;
};

} // namespace lode

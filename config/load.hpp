#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"

namespace lode {

/// Where values come from; each overrides those before it: defaults, file, environment, command line.
struct settings_sources {
  std::string file;                              ///< path of a YAML file; "" = none
  std::map<std::string, std::string> environment;///< all variables; those called LODE_<SECTION>_<KEY> count
  std::vector<std::string> assignments;          ///< section.key=value, as --set takes them
};

/// The variables of this process.
std::map<std::string, std::string> process_environment();

/// One mistake of the one who configured: which key, what was found, what is allowed, and where it stands.
struct settings_mistake {
  std::string key;
  std::string where; ///< FILE:LINE, "environment NAME", "--set" or "default"
  std::string message;
};
std::string to_string(const settings_mistake& mistake);

struct loaded_settings {
  settings values;
  std::vector<settings_mistake> mistakes; ///< all of them; empty = `values` may be used
};

/// Reads and checks everything (ranges and relations); never throws and never stops at the first mistake.
loaded_settings load_settings(const settings_sources& sources);

/// What contradicts what in `values`, `where` left empty; ranges of single keys are checked while loading.
std::vector<settings_mistake> check_relations(const settings& values);

/// The whole example file: every key with its default, meaning and bounds. Secrets stand empty.
std::string example_yaml();
/// Every key with default, bounds, environment variable and meaning, for a terminal.
std::string help_config();
/// The settings in force as section.key=value lines, secrets masked.
std::string show_settings(settings values);

} // namespace lode

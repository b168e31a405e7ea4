#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "config/load.hpp"

namespace lode {

/// A value as it was written, before its key's type is known.
struct raw_value {
  using list = std::vector<std::string>;
  using map = std::vector<std::pair<std::string, std::string>>;
  std::variant<std::string, list, map> value;
  std::string where;
};

/// One source of settings, flat: "section.key" -> value.
struct raw_settings {
  std::map<std::string, raw_value> values;
  std::vector<settings_mistake> mistakes;
};

raw_settings read_yaml(const std::string& file);
/// `known` tells our variables (LODE_HTTP_THREADS) from others that begin alike.
raw_settings read_environment(const std::map<std::string, std::string>& variables, const std::vector<std::string>& known);
raw_settings read_assignments(const std::vector<std::string>& assignments);

/// http.ca_file -> LODE_HTTP_CA_FILE
std::string variable_of(const std::string& key);

} // namespace lode

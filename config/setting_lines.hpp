#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace lode {

/// A setting as people see it.
struct setting_line {
  std::string name;  ///< "console.listen"
  std::string value; ///< secrets masked
  bool is_default = false;
  std::string help;
};

/// All of them, in the order of the example file.
std::vector<setting_line> list_settings(settings values);

} // namespace lode

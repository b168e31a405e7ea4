#pragma once

#include <string>

#include "config/settings.hpp"

/// What config/load.hpp shows to people (show_settings, help_config), for machines: one line of JSON each.
namespace lode {

/// The settings by section; secrets masked. Without them it is a configuration file: JSON is YAML.
std::string settings_json(settings values);

/// A list of every setting: key, default, least and most or one_of, environment variable, meaning.
std::string settings_help_json();

} // namespace lode

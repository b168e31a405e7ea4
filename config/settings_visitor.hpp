#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/units.hpp"

namespace lode {

using std::chrono::milliseconds;

/// Both ends belong to it.
template <class T>
struct bounds {
  T least;
  T most;
};

/// Sees every key once, in the order of declaration. Loading, validation, the example file and --help-config are
/// visitors, so that a key is written down in one place only.
class settings_visitor {
public:
  virtual ~settings_visitor() = default;

  virtual void section(std::string_view name, std::string_view help) = 0;

  virtual void field(std::string_view key, uint32_t& value, bounds<uint32_t> allowed, std::string_view help) = 0;
  virtual void field(std::string_view key, milliseconds& value, bounds<milliseconds> allowed, std::string_view help) = 0;
  virtual void field(std::string_view key, byte_count& value, bounds<byte_count> allowed, std::string_view help) = 0;
  virtual void field(std::string_view key, std::string& value, std::string_view help) = 0;
  /// A text that is never shown.
  virtual void secret(std::string_view key, std::string& value, std::string_view help) = 0;
  virtual void field(std::string_view key, std::vector<std::string>& value, std::string_view help) = 0;
  virtual void field(std::string_view key, std::map<std::string, std::string>& value, std::string_view help) = 0;

  /// One of `names`, which follow the enumerators of `Enum` in order.
  template <class Enum>
  void choice(std::string_view key, Enum& value, std::initializer_list<std::string_view> names, std::string_view help) {
    auto index = static_cast<size_t>(value);
    one_of(key, index, {names.begin(), names.end()}, help);
    value = static_cast<Enum>(index);
  }

protected:
  virtual void one_of(std::string_view key, size_t& index, const std::vector<std::string_view>& names,
                      std::string_view help) = 0;
};

} // namespace lode

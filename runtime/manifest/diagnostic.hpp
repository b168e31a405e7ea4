#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lode {

/// One thing that is wrong, missing or doubtful in a manifest.
struct diagnostic {
  enum class level : uint8_t {
    error,       ///< the manifest is wrong
    unsupported, ///< the manifest may be right, Lode lacks the feature
    warning,     ///< it runs, with a consequence that people should know
  };
  level severity = level::error;
  std::string file;
  uint32_t line = 0; ///< 1-based
  std::string path;  ///< place in the manifest, e.g. `#/streams/0/retriever/paginator`
  std::string message;
};

/// `FILE:LINE: error: #/path: message`
std::string to_string(const diagnostic& note);

} // namespace lode

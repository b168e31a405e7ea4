#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include "config/settings.hpp"

/// Structured log lines. Written at once by the caller's thread; thread-safe.
namespace lode {

/// What a line is about; empty and 0 are left out.
struct log_context {
  std::string_view tenant = {};
  std::string_view connection = {};
  std::string_view stream = {};
  int64_t run = 0;
  std::string_view trace = {}; ///< of the run: see trace_id.hpp
};

/// Sets level, format and target of all later lines: standard error, or `target`, which must outlive them.
void start_log(const log_settings& settings, std::ostream* target = nullptr);
void set_log_level(log_level level);
log_level present_log_level();
bool is_logged(log_level level);

/// Writes one line; `message` goes through redact(). Line breaks in any value are escaped.
void log(log_level level, std::string_view message, const log_context& context = {});

inline void log_info(std::string_view message, const log_context& context = {}) { log(log_level::info, message, context); }
inline void log_warning(std::string_view message, const log_context& context = {}) { log(log_level::warning, message, context); }
inline void log_error(std::string_view message, const log_context& context = {}) { log(log_level::error, message, context); }

} // namespace lode

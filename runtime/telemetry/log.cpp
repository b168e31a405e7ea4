#include "runtime/telemetry/log.hpp"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

#include "runtime/security/redact.hpp"

namespace lode {

namespace {

spdlog::level::level_enum spdlog_level(log_level level) {
  constexpr std::array levels{spdlog::level::trace, spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                              spdlog::level::err};
  return levels[static_cast<size_t>(level)];
}

/// The one exception to "no globals": a log line can come from anywhere.
std::shared_ptr<spdlog::logger> make_logger(const log_settings& settings, std::ostream* target) {
  spdlog::sink_ptr sink;
  if (target)
    sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*target, true);
  else
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("lode", std::move(sink));
  auto pattern = settings.format == log_format::json
                   ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                   : "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v";
  logger->set_pattern(pattern, spdlog::pattern_time_type::utc);
  logger->set_level(spdlog_level(settings.level));
  return logger;
}

std::atomic<bool> is_json{false};
std::atomic<std::shared_ptr<spdlog::logger>> current;

std::shared_ptr<spdlog::logger> logger() {
  auto found = current.load();
  if (!found) {
    start_log({});
    found = current.load();
  }
  return found;
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out.append({'\\', c});
    else if (c == '\n')
      out += "\\n";
    else if (byte < 0x20 || byte == 0x7f)
      out.append("\\u00").append({digits[byte >> 4], digits[byte & 15]});
    else
      out += c;
  }
}

void append_json(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty())
    return;
  out.append(",\"").append(key).append("\":\"");
  append_escaped(out, value);
  out += '"';
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty())
    return;
  out.append(" ").append(key).append("=");
  auto is_plain = value.find_first_of(" =\"") == std::string_view::npos;
  out += is_plain ? "" : "\"";
  append_escaped(out, value);
  out += is_plain ? "" : "\"";
}

using appender = void(std::string&, std::string_view, std::string_view);

void append_context(std::string& out, const log_context& context, appender* append, std::string_view before_run) {
  append(out, "tenant", context.tenant);
  append(out, "connection", context.connection);
  append(out, "stream", context.stream);
  if (context.run)
    out.append(before_run).append(std::to_string(context.run));
  append(out, "trace", context.trace);
}

} // namespace

void start_log(const log_settings& settings, std::ostream* target) {
  is_json = settings.format == log_format::json;
  current = make_logger(settings, target);
}

void set_log_level(log_level level) {
  logger()->set_level(spdlog_level(level));
}

log_level present_log_level() {
  for (auto level : {log_level::trace, log_level::debug, log_level::info, log_level::warning})
    if (is_logged(level))
      return level;
  return log_level::error;
}

bool is_logged(log_level level) {
  return logger()->should_log(spdlog_level(level));
}

void log(log_level level, std::string_view message, const log_context& context) {
  auto target = logger();
  if (!target->should_log(spdlog_level(level)))
    return;
  auto safe = redact(message);
  std::string line;
  if (is_json) {
    line = "\"message\":\"";
    append_escaped(line, safe);
    line += '"';
    append_context(line, context, append_json, ",\"run\":");
  } else {
    append_escaped(line, safe);
    append_context(line, context, append_text, " run=");
  }
  target->log(spdlog_level(level), spdlog::string_view_t{line.data(), line.size()});
}

} // namespace lode

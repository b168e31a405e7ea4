#include "tests/simapi/settings.hpp"

#include "tests/simapi/time_text.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <stdexcept>

namespace simapi {
namespace {

[[noreturn]] void refuse(const std::string& key, const std::string& value, const std::string& expected) {
  throw std::invalid_argument(key + ": found '" + value + "', expected " + expected);
}

template <class Number>
Number parse_number(const std::string& key, const std::string& text, Number least, Number most) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    refuse(key, text, "a number from " + std::to_string(least) + " to " + std::to_string(most));
  return value;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    auto end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<dialect> parse_dialects(const std::string& key, const std::string& text) {
  std::vector<dialect> result;
  for (const auto& part : split(text, ',')) {
    auto found = std::ranges::find(all_dialects, part, [](dialect each) { return name_of(each); });
    if (found == std::end(all_dialects))
      refuse(key, part, "graph, crm, shop or graphql");
    result.push_back(*found);
  }
  return result;
}

bool is_stream_name(std::string_view name) {
  for (auto which : all_dialects)
    for (auto stream : streams_of(which))
      if (name_of(stream) == name)
        return true;
  return false;
}

void parse_records(settings& out, const std::string& key, const std::string& text) {
  for (const auto& part : split(text, ',')) {
    auto equals = part.find('=');
    auto name = part.substr(0, equals);
    auto stream = name.substr(name.find('.') + 1);
    if (equals == std::string::npos || !is_stream_name(stream))
      refuse(key, part, "STREAM=COUNT or TENANT.STREAM=COUNT, such as posts=600");
    out.records[name] = parse_number<uint32_t>(key, part.substr(equals + 1), 0, 100'000'000);
  }
}

int64_t parse_instant(const std::string& key, const std::string& text) {
  auto time = parse_time(text, 1);
  if (!time)
    refuse(key, text, "a time such as 2024-01-01T00:00:00Z");
  return *time;
}

using option = std::function<void(settings&, const std::string& key, const std::string& value)>;

template <class Target>
option number(Target settings::* field, Target least, Target most) {
  return [=](settings& out, const std::string& key, const std::string& value) {
    out.*field = parse_number<Target>(key, value, least, most);
  };
}

template <class Group>
option number_in(Group settings::* group, uint32_t Group::* field, uint32_t most) {
  return [=](settings& out, const std::string& key, const std::string& value) {
    out.*group.*field = parse_number<uint32_t>(key, value, 0, most);
  };
}

option text(std::string settings::* field) {
  return [=](settings& out, const std::string&, const std::string& value) { out.*field = value; };
}

const std::map<std::string, option>& valued_options() {
  constexpr uint32_t any = 0xffffffff;
  static const std::map<std::string, option> table{
    {"--seed", number<uint64_t>(&settings::seed, 0, ~uint64_t{0})},
    {"--tenants", number<uint32_t>(&settings::tenants, 1, 1'000'000)},
    {"--dialects", [](settings& out, auto& key, auto& value) { out.dialects = parse_dialects(key, value); }},
    {"--port", number<uint16_t>(&settings::port, 0, 65535)},
    {"--control-port", number<uint16_t>(&settings::control_port, 0, 65535)},
    {"--address", text(&settings::address)},
    {"--threads", number<uint32_t>(&settings::threads, 1, 64)},
    {"--ready-file", text(&settings::ready_file)},
    {"--state", text(&settings::state_file)},
    {"--tls-cert", text(&settings::tls_certificate)},
    {"--tls-key", text(&settings::tls_key)},
    {"--records", [](settings& out, auto& key, auto& value) { parse_records(out, key, value); }},
    {"--record-bytes", number<uint32_t>(&settings::record_bytes, 1, 1'000'000)},
    {"--start", [](settings& out, auto& key, auto& value) { out.start_ms = parse_instant(key, value); }},
    {"--end", [](settings& out, auto& key, auto& value) { out.end_ms = parse_instant(key, value); }},
    {"--request-log", number<uint32_t>(&settings::request_log, 0, any)},
    {"--page-cache-mb", number<uint32_t>(&settings::page_cache_mb, 0, 1'000'000)},
    {"--bench", number<double>(&settings::bench_seconds, 0.1, 3600)},
    {"--latency-ms", number_in(&settings::manners, &behaviour::latency_ms, 3'600'000)},
    {"--latency-jitter-ms", number_in(&settings::manners, &behaviour::latency_jitter_ms, 3'600'000)},
    {"--error-rate",
     [](settings& out, auto& key, auto& value) { out.manners.error_rate = parse_number<double>(key, value, 0, 1); }},
    {"--graph-calls-per-hour", number_in(&settings::allowed, &limits::graph_calls_per_hour, any)},
    {"--graphql-calls-per-hour", number_in(&settings::allowed, &limits::graphql_calls_per_hour, any)},
    {"--crm-daily-quota", number_in(&settings::allowed, &limits::crm_daily_quota, any)},
    {"--crm-result-window", number_in(&settings::allowed, &limits::crm_result_window, any)},
    {"--crm-token-lifetime-s", number_in(&settings::allowed, &limits::crm_token_lifetime_s, any)},
    {"--shop-bucket", number_in(&settings::allowed, &limits::shop_bucket, any)},
    {"--shop-leak-per-second", number_in(&settings::allowed, &limits::shop_leak_per_second, any)},
    {"--page-token-lifetime-s", number_in(&settings::allowed, &limits::page_token_lifetime_s, any)},
  };
  return table;
}

void check_relations(const settings& made) {
  if (made.tls_certificate.empty() != made.tls_key.empty())
    throw std::invalid_argument("--tls-cert and --tls-key: found one of them, expected both or none");
  if (made.start_ms >= made.end_ms)
    throw std::invalid_argument("--start and --end: found a start that is not before the end");
}

} // namespace

std::string_view name_of(dialect value) {
  static constexpr std::string_view names[] = {"graph", "crm", "shop", "graphql"};
  return names[static_cast<size_t>(value)];
}

std::string_view name_of(stream_kind value) {
  static constexpr std::string_view names[] = {"posts", "comments", "contacts", "orders", "products", "customers"};
  return names[static_cast<size_t>(value)];
}

const std::vector<stream_kind>& streams_of(dialect value) {
  static const std::vector<stream_kind> graph{stream_kind::posts, stream_kind::comments};
  static const std::vector<stream_kind> crm{stream_kind::contacts}; // graphql too
  static const std::vector<stream_kind> shop{stream_kind::orders, stream_kind::products, stream_kind::customers};
  return value == dialect::graph ? graph : value == dialect::shop ? shop : crm;
}

uint32_t settings::count_of(const std::string& tenant, stream_kind stream) const {
  static constexpr uint32_t defaults[] = {600, 2, 700, 300, 100, 200};
  std::string name{name_of(stream)};
  if (auto found = records.find(tenant + '.' + name); found != records.end())
    return found->second;
  if (auto found = records.find(name); found != records.end())
    return found->second;
  return defaults[static_cast<size_t>(stream)];
}

std::string settings::world_fingerprint() const {
  std::string result = "seed=" + std::to_string(seed) + " tenants=" + std::to_string(tenants) + " dialects=";
  for (auto which : dialects)
    result.append(name_of(which)).append(",");
  result += " record-bytes=" + std::to_string(record_bytes) + " start=" + std::to_string(start_ms)
            + " end=" + std::to_string(end_ms) + " records=";
  for (const auto& [name, count] : records)
    result += name + '=' + std::to_string(count) + ',';
  return result;
}

std::string help_text() {
  std::string out = "lode-simapi [OPTION...]: simulated APIs for tests and shows, until SIGTERM or SIGINT.\n"
                    "Options are --NAME VALUE or --NAME=VALUE; tests/simapi/PROTOCOL.md says what each means.\n"
                    "  --gzip\n  --crm-rotate-refresh-tokens\n";
  for (const auto& [name, read] : valued_options())
    out += "  " + name + " VALUE\n";
  return out + "Example: lode-simapi --tenants 6 --port 8089 --control-port 8090\n";
}

settings parse_command_line(const std::vector<std::string>& arguments) {
  settings result;
  for (size_t i = 0; i < arguments.size(); ++i) {
    auto key = arguments[i];
    if (key == "--gzip") {
      result.gzip = true;
      continue;
    }
    if (key == "--crm-rotate-refresh-tokens") {
      result.allowed.crm_rotate_refresh_tokens = true;
      continue;
    }
    auto equals = key.find('=');
    auto found = valued_options().find(key.substr(0, equals));
    if (found == valued_options().end())
      refuse("command line", key, "an option of tests/simapi/PROTOCOL.md");
    if (equals == std::string::npos && ++i == arguments.size())
      refuse(key, "nothing", "a value");
    found->second(result, found->first, equals == std::string::npos ? arguments[i] : key.substr(equals + 1));
  }
  check_relations(result);
  return result;
}

} // namespace simapi

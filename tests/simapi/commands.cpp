#include "tests/simapi/commands.hpp"

#include "tests/simapi/fault_commands.hpp"
#include "tests/simapi/json_fields.hpp"
#include "tests/simapi/live/commands.hpp"
#include "tests/simapi/mutations.hpp"
#include "tests/simapi/time_text.hpp"

#include <map>

namespace simapi {

namespace json = boost::json;

tenant_state& need_tenant(simulation& sim, const std::string& name) {
  auto* found = sim.find(name);
  if (!found)
    throw command_error(404, "tenant: found '" + name + "', expected one of GET /control/tenants");
  return *found;
}

namespace {

std::string set_clock(simulation& sim, const json::object& body, int64_t real) {
  json_fields fields{body, {"now", "advance_ms", "stopped", "real"}};
  if (fields.flag("real", false))
    sim.clock.follow_real_time();
  if (fields.has("now"))
    sim.clock.set(fields.number<int64_t>("now", 0), real);
  if (fields.has("stopped"))
    sim.clock.stop(fields.flag("stopped", false), real);
  sim.clock.advance(fields.number<int64_t>("advance_ms", 0));
  return json::serialize(json::object{{"now", sim.clock.now(real)}, {"stopped", sim.clock.stopped()}});
}

std::string set_frozen(simulation& sim, const json::object& body, int64_t) {
  sim.frozen = json_fields{body, {"frozen"}}.flag("frozen", true);
  return json::serialize(json::object{{"frozen", sim.frozen}});
}

void read_limits(const json_fields& fields, limits& into) {
  auto read = [&](const char* name, uint32_t& value) { value = fields.number<uint32_t>(name, value); };
  read("graph_calls_per_hour", into.graph_calls_per_hour);
  read("graphql_calls_per_hour", into.graphql_calls_per_hour);
  read("crm_daily_quota", into.crm_daily_quota);
  read("crm_result_window", into.crm_result_window);
  read("crm_token_lifetime_s", into.crm_token_lifetime_s);
  read("shop_bucket", into.shop_bucket);
  read("shop_leak_per_second", into.shop_leak_per_second);
  read("page_token_lifetime_s", into.page_token_lifetime_s);
  into.crm_rotate_refresh_tokens = fields.flag("crm_rotate_refresh_tokens", into.crm_rotate_refresh_tokens);
}

std::string set_limits(simulation& sim, const json::object& body, int64_t) {
  json_fields fields{body,
                     {"tenant", "graph_calls_per_hour", "graphql_calls_per_hour", "crm_daily_quota", "crm_result_window", "crm_token_lifetime_s",
                      "crm_rotate_refresh_tokens", "shop_bucket", "shop_leak_per_second", "page_token_lifetime_s"}};
  auto name = fields.text("tenant");
  if (name)
    read_limits(fields, need_tenant(sim, *name).allowed);
  else
    for (auto& each : sim.states)
      read_limits(fields, each.allowed);
  return "{}";
}

std::string set_behaviour(simulation& sim, const json::object& body, int64_t) {
  json_fields fields{body, {"latency_ms", "latency_jitter_ms", "error_rate"}};
  auto& manners = sim.manners;
  manners.latency_ms = fields.number<uint32_t>("latency_ms", manners.latency_ms);
  manners.latency_jitter_ms = fields.number<uint32_t>("latency_jitter_ms", manners.latency_jitter_ms);
  manners.error_rate = fields.number<double>("error_rate", manners.error_rate);
  return json::serialize(json::object{{"latency_ms", manners.latency_ms},
                                      {"latency_jitter_ms", manners.latency_jitter_ms},
                                      {"error_rate", manners.error_rate}});
}

std::string new_credentials(simulation& sim, const json::object& body, int64_t) {
  json_fields fields{body, {"tenant", "rotate"}};
  auto& whose = need_tenant(sim, fields.text("tenant").value_or(""));
  if (fields.flag("rotate", true)) {
    ++whose.secrets.generation;
    whose.secrets.rotation = 0;
    sim.graph_tokens.clear();
  }
  return tenant_line(sim, whose);
}

std::string clear_requests(simulation& sim, const json::object&, int64_t) {
  sim.log.clear();
  return "{}";
}

std::string change_records(simulation& sim, const json::object& body, int64_t real) {
  return mutate(sim, body, sim.clock.now(real));
}

using command = std::string (*)(simulation&, const json::object&, int64_t);

const std::map<std::string_view, command> commands{
  {"/control/clock", set_clock},           {"/control/freeze", set_frozen},
  {"/control/mutate", change_records},     {"/control/faults", add_fault},
  {"/control/faults/clear", clear_faults}, {"/control/limits", set_limits},
  {"/control/settings", set_behaviour},    {"/control/credentials", new_credentials},
  {"/control/requests/clear", clear_requests}, {"/control/live", set_live},
  {"/control/live/cut", cut_connections},  {"/control/hooks", add_hooks},
  {"/control/hooks/remove", remove_hooks}};

} // namespace

std::string apply_command(simulation& sim, std::string_view path, const std::string& body, int64_t real) {
  auto found = commands.find(path);
  if (found == commands.end())
    throw command_error(404, "path: found '" + std::string{path} + "', expected one of tests/simapi/PROTOCOL.md");
  boost::system::error_code error;
  auto parsed = body.empty() ? json::value{json::object{}} : json::parse(body, error);
  if (error || !parsed.is_object())
    throw command_error(400, "body: found no JSON object" + (error ? " (" + error.message() + ")" : std::string{}));
  return found->second(sim, parsed.get_object(), real);
}

std::string tenant_line(const simulation& sim, const tenant_state& of) {
  const auto& data = *of.data;
  auto host = data.speaks == dialect::shop ? data.name + ".shop.test" : std::string{name_of(data.speaks)} + ".test";
  std::string scheme = sim.config.tls_key.empty() ? "http" : "https";
  auto origin = scheme + "://" + host + ':' + std::to_string(sim.port);
  constexpr const char* bases[] = {"/v19.0", "/crm/v3", "/admin/api/2024-01", ""};
  std::string base = bases[static_cast<size_t>(data.speaks)];
  std::string start;
  append_seconds(start, sim.config.start_ms);
  json::object line{{"tenant", data.name}, {"dialect", name_of(data.speaks)}, {"scheme", scheme},   {"host", host},
                    {"address", sim.config.address}, {"port", sim.port}, {"base_url", origin + base}, {"base_path", base}};
  json::array streams;
  for (const auto& each : data.streams)
    streams.emplace_back(name_of(each.kind));
  line["streams"] = streams;
  line["start"] = start + "Z";
  if (data.speaks == dialect::graph) {
    line["account"] = std::to_string(data.account);
    line["live_url"] = (scheme == "http" ? "ws://" : "wss://") + host + ':' + std::to_string(sim.port);
    line["access_token"] = of.secrets.graph_token();
  } else if (data.speaks == dialect::crm) {
    line["token_url"] = origin + "/oauth/v1/token";
    line["token_path"] = "/oauth/v1/token";
    line["client_id"] = of.secrets.client_id();
    line["client_secret"] = of.secrets.client_secret();
    line["refresh_token"] = of.secrets.refresh_token();
    line["portal"] = std::to_string(data.account);
  } else if (data.speaks == dialect::graphql) {
    line["access_token"] = of.secrets.graphql_token();
  } else {
    line["api_key"] = of.secrets.shop_key();
    line["client_secret"] = of.secrets.client_secret();
    line["shop"] = host;
  }
  return json::serialize(line);
}

} // namespace simapi

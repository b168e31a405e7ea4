#include "tests/simapi/commands.hpp"

#include "tests/simapi/json_fields.hpp"
#include "tests/simapi/mutations.hpp"
#include "tests/simapi/time_text.hpp"

#include <map>

namespace simapi {
namespace {

namespace json = boost::json;

tenant_state& need_tenant(simulation& sim, const std::string& name) {
  auto* found = sim.find(name);
  if (!found)
    throw command_error(404, "tenant: found '" + name + "', expected one of GET /control/tenants");
  return *found;
}

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

/// Refuses names that no tenant or stream has: a fault that can never strike is a mistake in the test.
void check_names(simulation& sim, const fault& made) {
  for (const auto& name : made.tenants)
    need_tenant(sim, name);
  if (made.stream.empty() || made.stream == "oauth")
    return;
  for (auto which : {dialect::graph, dialect::crm, dialect::shop})
    for (auto kind : streams_of(which))
      if (name_of(kind) == made.stream)
        return;
  throw command_error(400, "stream: found '" + made.stream + "', expected the name of a stream or oauth");
}

fault read_fault(simulation& sim, const json::object& body) {
  json_fields fields{body, {"tenant", "stream", "kind", "rate", "times", "skip", "retry_after_s", "code", "status", "delay_ms", "at", "to"}};
  fault made;
  auto kind = fault_named(fields.text("kind").value_or(""));
  if (!kind)
    throw command_error(400, "kind: found '" + fields.text("kind").value_or("") + "', expected one of the kinds in PROTOCOL.md");
  made.kind = *kind;
  auto names = fields.texts("tenant");
  made.tenants = {names.begin(), names.end()};
  made.stream = fields.text("stream").value_or("");
  made.rate = fields.number<double>("rate", 1);
  made.times = fields.number<uint64_t>("times", 0);
  made.skip = fields.number<uint64_t>("skip", 0);
  made.retry_after_s = fields.number<uint32_t>("retry_after_s", 1);
  made.code = fields.number<uint32_t>("code", 4);
  made.status = fields.number<uint32_t>("status", 500);
  made.delay_ms = fields.number<uint32_t>("delay_ms", made.kind == fault_kind::slow_first_byte ? 1000 : 0);
  made.in_body = fields.text("at").value_or("head") == "body";
  made.to_first = fields.text("to").value_or("self") == "first";
  check_names(sim, made);
  if (made.tenants.size() == 1)
    made.set_at_serial = need_tenant(sim, *made.tenants.begin()).secrets.serial;
  return made;
}

std::string add_fault(simulation& sim, const json::object& body, int64_t) {
  auto made = read_fault(sim, body);
  // Serials count per tenant, so a fault that expires the tokens of several tenants is kept as one fault each.
  if (made.kind != fault_kind::expired_token || made.tenants.size() == 1)
    return json::serialize(json::object{{"id", sim.faults.add(made)}});
  auto names = made.tenants;
  if (names.empty())
    for (const auto& each : sim.states)
      names.insert(each.data->name);
  uint32_t last = 0;
  for (const auto& name : names) {
    made.tenants = {name};
    made.set_at_serial = need_tenant(sim, name).secrets.serial;
    last = sim.faults.add(made);
  }
  return json::serialize(json::object{{"id", last}});
}

std::string clear_faults(simulation& sim, const json::object& body, int64_t) {
  json_fields fields{body, {"id", "tenant"}};
  if (fields.has("id") && !sim.faults.remove(fields.number<uint32_t>("id", 0)))
    throw command_error(404, "id: found " + json::serialize(body.at("id")) + ", expected one of GET /control/faults");
  if (auto name = fields.text("tenant"))
    sim.faults.remove_tenant(need_tenant(sim, *name).data->name);
  if (body.empty())
    sim.faults.clear();
  return "{}";
}

void read_limits(const json_fields& fields, limits& into) {
  auto read = [&](const char* name, uint32_t& value) { value = fields.number<uint32_t>(name, value); };
  read("graph_calls_per_hour", into.graph_calls_per_hour);
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
                     {"tenant", "graph_calls_per_hour", "crm_daily_quota", "crm_result_window", "crm_token_lifetime_s",
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
  {"/control/requests/clear", clear_requests}};

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
  std::string base = data.speaks == dialect::graph ? "/v19.0" : data.speaks == dialect::crm ? "/crm/v3" : "/admin/api/2024-01";
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
    line["access_token"] = of.secrets.graph_token();
  } else if (data.speaks == dialect::crm) {
    line["token_url"] = origin + "/oauth/v1/token";
    line["token_path"] = "/oauth/v1/token";
    line["client_id"] = of.secrets.client_id();
    line["client_secret"] = of.secrets.client_secret();
    line["refresh_token"] = of.secrets.refresh_token();
  } else {
    line["api_key"] = of.secrets.shop_key();
  }
  return json::serialize(line);
}

} // namespace simapi

#include "tests/simapi/live/commands.hpp"

#include "tests/simapi/json_fields.hpp"
#include "tests/simapi/simulation.hpp"

namespace simapi {
namespace {

namespace json = boost::json;

std::string with_names(std::string url, const tenant& whose) {
  auto put_in = [&](std::string_view name, std::string_view value) {
    for (auto at = url.find(name); at != std::string::npos; at = url.find(name, at + value.size()))
      url.replace(at, name.size(), value);
  };
  put_in("{tenant}", whose.name);
  put_in("{dialect}", name_of(whose.speaks));
  return url;
}

uint32_t bits_of(const std::vector<std::string>& names) {
  uint32_t bits = 0;
  for (const auto& name : names) {
    auto before = bits;
    for (auto which : {dialect::crm, dialect::shop})
      for (auto kind : streams_of(which))
        if (name_of(kind) == name)
          bits |= 1u << static_cast<uint32_t>(kind);
    if (bits == before)
      throw command_error(400, "streams: found '" + name + "', expected contacts, orders, products or customers");
  }
  return names.empty() ? ~0u : bits;
}

bool has_webhooks(const tenant& which) {
  return which.speaks == dialect::crm || which.speaks == dialect::shop;
}

/// The tenants that hooks are ordered for: those named, or all that have hooks at all.
std::vector<const tenant*> tenants_with_hooks(simulation& sim, const json_fields& fields) {
  std::vector<const tenant*> result;
  for (const auto& name : fields.texts("tenant")) {
    result.push_back(need_tenant(sim, name).data);
    if (!has_webhooks(*result.back()))
      throw command_error(400, "tenant: found '" + name + "', expected one of crm or shop: only they have webhooks");
  }
  auto wanted = fields.text("dialect");
  if (wanted && *wanted != "crm" && *wanted != "shop")
    throw command_error(400, "dialect: found '" + *wanted + "', expected crm or shop");
  bool all = result.empty();
  for (const auto& each : sim.states)
    if (all && has_webhooks(*each.data))
      result.push_back(each.data);
  std::erase_if(result, [&](const tenant* each) { return wanted && *wanted != name_of(each->speaks); });
  return result;
}

} // namespace

std::vector<hook> read_hooks(simulation& sim, const json::object& body, bool& challenge) {
  json_fields fields{body,
                     {"tenant", "dialect", "url", "streams", "batch", "parallel", "retry_ms", "most_retry_ms", "timeout_ms", "challenge"}};
  challenge = fields.flag("challenge", true);
  hook pattern;
  pattern.streams = bits_of(fields.texts("streams"));
  pattern.parallel = std::max(fields.number<uint32_t>("parallel", 1), 1u);
  pattern.first_retry_ms = std::max(fields.number<uint32_t>("retry_ms", 1000), 1u);
  pattern.most_retry_ms = std::max(fields.number<uint32_t>("most_retry_ms", 60'000), pattern.first_retry_ms);
  pattern.timeout_ms = std::max(fields.number<uint32_t>("timeout_ms", 10'000), 1u);
  auto batch = std::max(fields.number<uint32_t>("batch", 100), 1u);
  auto url = fields.text("url").value_or("");
  std::vector<hook> result;
  for (const auto* each : tenants_with_hooks(sim, fields)) {
    auto made = pattern;
    made.tenant = each->index;
    made.text = with_names(url, *each);
    made.batch = each->speaks == dialect::crm ? batch : 1;
    auto parsed = parse_hook_url(made.text);
    if (!parsed)
      throw command_error(400, "url: found '" + made.text + "', expected http://HOST:PORT/PATH");
    made.url = *parsed;
    result.push_back(std::move(made));
  }
  return result;
}

std::string add_hooks(simulation& sim, const json::object& body, int64_t) {
  bool ignored = false;
  json::array ids;
  for (auto& each : read_hooks(sim, body, ignored))
    ids.push_back(sim.live.hooks.add(std::move(each)));
  return json::serialize(json::object{{"ids", ids}});
}

std::string remove_hooks(simulation& sim, const json::object& body, int64_t) {
  json_fields fields{body, {"id", "tenant"}};
  auto& hooks = sim.live.hooks;
  if (fields.has("id") && !hooks.remove(fields.number<uint32_t>("id", 0)))
    throw command_error(404, "id: found " + json::serialize(body.at("id")) + ", expected one of GET /control/hooks");
  for (const auto& name : fields.texts("tenant"))
    hooks.remove_tenant(need_tenant(sim, name).data->index);
  if (body.empty())
    hooks.clear();
  return "{}";
}

std::string set_live(simulation& sim, const json::object& body, int64_t) {
  json_fields fields{body, {"keep", "queue", "hook_queue", "hook_requests", "deflate"}};
  auto& live = sim.live;
  live.keep = fields.number<uint32_t>("keep", static_cast<uint32_t>(live.keep));
  live.queue_limit = std::max(fields.number<uint32_t>("queue", static_cast<uint32_t>(live.queue_limit)), 1u);
  live.hooks.limit = std::max(fields.number<uint32_t>("hook_queue", static_cast<uint32_t>(live.hooks.limit)), 1u);
  live.hooks.requests_per_server = std::max(fields.number<uint32_t>("hook_requests", live.hooks.requests_per_server), 1u);
  live.deflate = fields.flag("deflate", live.deflate);
  return json::serialize(json::object{{"keep", live.keep},
                                      {"queue", live.queue_limit},
                                      {"hook_queue", live.hooks.limit},
                                      {"hook_requests", live.hooks.requests_per_server},
                                      {"deflate", live.deflate}});
}

std::string cut_connections(simulation& sim, const json::object& body, int64_t) {
  json_fields fields{body, {"tenant", "how", "share", "every_ms", "for_ms", "stop"}};
  if (fields.flag("stop", false)) {
    sim.live.clear_cutters();
    return "{}";
  }
  cutter made;
  auto how = cut_named(fields.text("how").value_or("drop"));
  if (!how)
    throw command_error(400, "how: found '" + *fields.text("how") + "', expected close, drop, reset or half_open");
  made.kind = *how;
  auto names = fields.texts("tenant");
  for (const auto& name : names)
    made.tenants.insert(need_tenant(sim, name).data->name);
  made.share = fields.number<double>("share", 1);
  made.every_ms = fields.number<uint32_t>("every_ms", 0);
  if (auto lasts = fields.number<uint32_t>("for_ms", 0); lasts > 0)
    made.until = steady_now() + lasts;
  if (made.every_ms > 0)
    return json::serialize(json::object{{"id", sim.live.add_cutter(std::move(made))}});
  return json::serialize(json::object{{"cut", sim.live.cut_now(std::move(made))}});
}

} // namespace simapi

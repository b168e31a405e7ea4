#include "runtime/cli/demo/simapi_client.hpp"

#include <boost/json.hpp>

#include "runtime/cli/demo/interrupt.hpp"
#include "runtime/cli/demo/json_fields.hpp"

namespace lode::demo {

namespace json = boost::json;

simapi_client::simapi_client(uint16_t control_port) : client_("127.0.0.1:" + std::to_string(control_port), "") {}

std::string simapi_client::call(const std::string& method, const std::string& path, const std::string& body) const {
  auto reply = client_.call(method, path, body);
  check_interrupt();
  if (reply.status != 200 || !reply.is_complete)
    throw failure{"lode-simapi: " + method + " " + path + ": "
                  + (reply.status == 0 ? reply.body : std::to_string(reply.status) + " " + reply.body)};
  return reply.body;
}

std::string simapi_client::tenant_lines() const {
  return call("GET", "/control/tenants");
}

api_traffic simapi_client::traffic() const {
  auto stats = parse_object(call("GET", "/control/stats"));
  api_traffic out;
  out.now = number_in(stats, "now");
  out.requests = number_in(stats, "requests");
  const auto* tenants = stats.if_contains("tenants");
  if (!tenants || !tenants->is_array())
    return out;
  for (const auto& each : tenants->get_array()) {
    const auto& line = each.get_object();
    out.tenants[text_in(line, "tenant")] = {number_in(line, "in_flight"), number_in(line, "last_request_at"),
                                            number_in(line, "last_served_at")};
    for (const auto& [stream, count] : object_in(line, "live"))
      out.live_records += count.to_number<int64_t>();
  }
  return out;
}

std::string simapi_client::request_log() const {
  return call("GET", "/control/requests");
}

void simapi_client::set_faults(const std::vector<std::string>& faults) const {
  call("POST", "/control/faults/clear", "{}");
  for (const auto& fault : faults)
    call("POST", "/control/faults", fault);
}

void simapi_client::mutate(int64_t inserts, int64_t edits, uint64_t seed, const std::vector<std::string>& tenants) const {
  json::object wanted{{"inserts", inserts}, {"edits", edits}, {"seed", seed}, {"tenants", json::value_from(tenants)}};
  call("POST", "/control/mutate", json::serialize(wanted));
}

void simapi_client::remove(int64_t count, uint64_t seed, const std::vector<std::string>& tenants,
                           const std::vector<std::string>& streams) const {
  json::object wanted{{"inserts", 0}, {"edits", 0}, {"deletes", count}, {"seed", seed}};
  wanted["tenants"] = json::value_from(tenants);
  wanted["streams"] = json::value_from(streams);
  call("POST", "/control/mutate", json::serialize(wanted));
}

void simapi_client::freeze(bool is_frozen) const {
  call("POST", "/control/freeze", json::serialize(json::object{{"frozen", is_frozen}}));
}

} // namespace lode::demo

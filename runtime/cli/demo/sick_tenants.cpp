#include "runtime/cli/demo/sick_tenants.hpp"

#include <boost/json.hpp>

#include "runtime/cli/demo/show_options.hpp"

namespace lode::demo {

namespace {

namespace json = boost::json;

sick_tenant make(const std::string& name, sickness what, const char* label, json::object fault) {
  fault["tenant"] = name;
  return {name, what, label, json::serialize(fault)};
}

} // namespace

std::vector<sick_tenant> choose_sick(const std::vector<api_tenant>& tenants) {
  if (tenants.size() < 6)
    throw failure{"found " + std::to_string(tenants.size()) + " tenants, expected 6 or more"};
  return {make(tenants[3].name, sickness::dead_token, "dead token", {{"kind", "dead_token"}}),
          make(tenants[4].name, sickness::too_many_requests, "429 spell", {{"kind", "too_many_requests"}, {"retry_after_s", 3600}}),
          make(tenants[5].name, sickness::hanging, "hanging API", {{"kind", "hang"}})};
}

visible_state describe(const sick_tenant& tenant, const connection_shown& connection, const run_shown& run) {
  if (connection.state == "suspended")
    return {true, true, "suspended: " + connection.reason};
  if (run.run == 0)
    return {false, false, "no run yet"};
  if (run.is_over())
    return {tenant.what != sickness::too_many_requests, false, "run " + run.phase + ": " + run.reason};
  if (tenant.what == sickness::too_many_requests)
    return {true, false, "waiting until the API's limit is over, its run stays open"};
  return {false, false, "running"};
}

} // namespace lode::demo

#include "runtime/cli/demo/import_lines.hpp"

#include <boost/json.hpp>

#include <sstream>

#include "runtime/cli/demo/json_fields.hpp"
#include "runtime/cli/demo/show_options.hpp"

namespace lode::demo {

namespace json = boost::json;

namespace {

/// What the source of a dialect wants to know.
struct wanted_fields {
  std::vector<const char*> configuration, secrets;
};

wanted_fields fields_of(const std::string& dialect) {
  if (dialect == "graph")
    return {{"base_url", "account"}, {"access_token"}};
  if (dialect == "crm")
    return {{"base_url", "token_url", "client_id", "start"}, {"client_secret", "refresh_token"}};
  return {{"base_url", "start"}, {"api_key"}};
}

json::object pick(const json::object& tenant, const std::vector<const char*>& names) {
  json::object out;
  for (const auto* name : names)
    out[name] = tenant.at(name);
  return out;
}

std::string import_line(const json::object& tenant, const std::string& dialect) {
  auto fields = fields_of(dialect);
  json::object line{{"tenant", tenant.at("tenant")}, {"connection", connection_name}, {"source", dialect}};
  line["configuration"] = pick(tenant, fields.configuration);
  line["secrets"] = pick(tenant, fields.secrets);
  // Due once now; the next time is beyond the end of the show.
  line["schedule"] = {{"every", "12h"}};
  return json::serialize(line) + "\n";
}

} // namespace

std::vector<api_tenant> read_tenants(const std::string& lines) {
  std::vector<api_tenant> out;
  std::istringstream text{lines};
  for (std::string line; std::getline(text, line);) {
    auto tenant = parse_object(line);
    auto dialect = text_in(tenant, "dialect");
    try {
      out.push_back({text_in(tenant, "tenant"), dialect, import_line(tenant, dialect)});
    } catch (const std::out_of_range&) {
      throw failure{"lode-simapi: /control/tenants answered a " + dialect + " tenant that lacks what its source needs"};
    }
  }
  return out;
}

} // namespace lode::demo

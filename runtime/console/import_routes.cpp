#include <boost/json.hpp>

#include "messages/type_ids.hpp"
#include "runtime/console/body_reader.hpp"
#include "runtime/console/connection_input.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/security/redact.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// Creates tenants and connections line by line; the same lines again change nothing.
class importer {
public:
  explicit importer(api_context& context) : context_(context) {}

  /// False: the store is away, so that the rest would fail as well.
  bool take(std::string_view line) {
    ++line_;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos)
      return true;
    std::string tenant_name;
    auto failed = store(line, tenant_name);
    if (!failed)
      return true;
    errors_.push_back({{"line", line_}, {"tenant", tenant_name}, {"message", redact(message_of(failed))}});
    is_stopped_ = has_code(failed, errc::store_unavailable);
    return !is_stopped_;
  }

  json::object result() && {
    return {{"lines", line_}, {"stopped", is_stopped_}, {"tenants_created", created_}, {"connections", connections_}, {"errors", std::move(errors_)}};
  }

private:
  caf::error store(std::string_view line, std::string& tenant_name) {
    body_reader body{line};
    tenant_name = body.text("tenant");
    auto input = read_connection(body.text("connection"), body);
    if (auto wrong = body.finish())
      return wrong;
    if (auto wrong = check_name("tenant", tenant_name))
      return wrong;
    auto tenant = context_.stores.catalog->find_tenant(tenant_name);
    if (!tenant && !has_code(tenant.error(), errc::not_found))
      return tenant.error();
    // A line that is refused leaves no tenant behind.
    auto checked = check_connection(tenant ? std::optional{tenant->id} : std::nullopt, std::move(input), context_);
    if (!checked)
      return checked.error();
    if (!tenant)
      tenant = create(tenant_name);
    if (!tenant)
      return tenant.error();
    auto row = store_connection(*tenant, *checked, context_);
    if (!row)
      return row.error();
    ++connections_;
    return {};
  }

  caf::expected<tenant_row> create(const std::string& name) {
    auto& catalog = *context_.stores.catalog;
    auto created = catalog.create_tenant(name);
    if (created)
      ++created_;
    // Another import may have been quicker.
    return created ? std::move(created) : catalog.find_tenant(name);
  }

  api_context& context_;
  int64_t line_ = 0;
  bool is_stopped_ = false; ///< the store went away
  int64_t created_ = 0;
  int64_t connections_ = 0;
  json::array errors_;
};

caf::expected<api_response> import_lines(const api_request& request, api_context& context) {
  importer lines{context};
  std::string_view rest = request.body;
  while (!rest.empty()) {
    auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (!lines.take(line))
      break;
  }
  return json_response(std::move(lines).result());
}

} // namespace

void add_import_routes(router& routes) {
  routes.add("POST", "/api/v1/import", import_lines);
}

} // namespace lode

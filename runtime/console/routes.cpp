#include "runtime/console/routes.hpp"

namespace lode {

router make_console_router() {
  router routes;
  add_health_routes(routes);
  add_status_routes(routes);
  add_cluster_routes(routes);
  add_node_routes(routes);
  add_tenant_routes(routes);
  add_connection_routes(routes);
  add_source_routes(routes);
  add_import_routes(routes);
  add_run_routes(routes);
  add_record_routes(routes);
  add_complete_routes(routes);
  add_live_routes(routes);
  add_change_routes(routes);
  add_state_routes(routes);
  add_hook_routes(routes);
  add_page_routes(routes);
  add_standing_routes(routes);
  add_overview_routes(routes);
  add_letter_routes(routes);
  add_audit_routes(routes);
  add_reset_routes(routes);
  add_sink_routes(routes);
  return routes;
}

} // namespace lode

#pragma once

#include "runtime/console/router.hpp"

/// One function per resource; each stands in the file of its name.
namespace lode {

void add_health_routes(router& routes);
void add_tenant_routes(router& routes);
void add_connection_routes(router& routes);
void add_source_routes(router& routes);
void add_import_routes(router& routes);
void add_run_routes(router& routes);
void add_record_routes(router& routes);
void add_complete_routes(router& routes);
void add_live_routes(router& routes);
void add_change_routes(router& routes);
void add_state_routes(router& routes);
void add_status_routes(router& routes);
void add_cluster_routes(router& routes);
void add_node_routes(router& routes);
void add_hook_routes(router& routes);
/// The web page: the only routes outside openapi.json.
void add_page_routes(router& routes);
void add_standing_routes(router& routes);
void add_overview_routes(router& routes);
void add_letter_routes(router& routes);
void add_audit_routes(router& routes);
void add_reset_routes(router& routes);
void add_sink_routes(router& routes);

/// All of them.
router make_console_router();

/// The OpenAPI document, as JSON text.
std::string_view openapi_document();

} // namespace lode

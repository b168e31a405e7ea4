#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/setting_lines.hpp"
#include "config/settings.hpp"
#include "runtime/console/node_control.hpp"
#include "runtime/console/node_history.hpp"
#include "runtime/console/webhook_desk.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/extraction/imported_cursor.hpp"
#include "runtime/manifest/diagnostic.hpp"
#include "runtime/storage/admin_store.hpp"
#include "runtime/storage/inspection_store.hpp"
#include "runtime/storage/membership_store.hpp"
#include "runtime/storage/run_store.hpp"
#include "runtime/storage/sink_store.hpp"

namespace lode {

/// One set of database connections; each worker thread of the server owns one.
struct console_stores {
  std::unique_ptr<catalog_store> catalog;
  std::unique_ptr<run_store> runs;
  std::unique_ptr<admin_store> admin;
  std::unique_ptr<membership_store> membership{}; ///< null: this node knows nothing of others
  std::unique_ptr<inspection_store> inspection{}; ///< null: nothing is listed over all tenants, and no trail is kept
  std::unique_ptr<sink_store> sinks{}; ///< null: there are none
};

/// What is to be known of a manifest's text.
struct manifest_summary {
  std::vector<diagnostic> notes;
  bool is_usable = false;           ///< no errors
  std::string version;              ///< hash of the text
  std::vector<std::string> streams; ///< selectable ones
  std::vector<std::string> secrets; ///< fields of the configuration that the manifest declares as secret
  expression::value connection_schema; ///< what its spec asks of connections; undefined: nothing
  std::vector<stream_view> views;   ///< of the selectable streams
};

/// What is to be known of a sink's text.
struct sink_summary {
  std::vector<diagnostic> notes;
  bool is_usable = false; ///< no errors
  std::string kind;
  std::vector<std::string> streams;
  bool from_now = false;
};

/// What a schedule means for a connection that gets it.
struct new_schedule {
  urgency priority = urgency::normal;
  std::optional<instant> first_due; ///< nothing: it runs when triggered only
};

/// What the console works with, given by the composition root. The functions keep manifests and keys out of it;
/// they are called from several threads.
struct console_services {
  std::function<console_stores()> open_stores;
  std::shared_ptr<node_control> node;
  std::function<caf::expected<std::string>(std::string_view)> seal_secrets;
  std::function<caf::expected<std::string>(std::string_view)> open_secrets;
  std::function<manifest_summary(const std::string& name, const std::string& text)> inspect_manifest;
  std::function<sink_summary(const std::string& name, const std::string& text)> inspect_sink{};
  /// The cursors that an Airbyte STATE (its text) stands for in a connection; errc::bad_argument names what cannot be
  /// taken over.
  std::function<caf::expected<std::vector<imported_cursor>>(const connection_row&, const source_row&, const std::string&)>
    read_airbyte_state;
  /// What a schedule (JSON text) means for a connection that gets it now, or what is wrong with it.
  std::function<caf::expected<new_schedule>(std::string_view)> check_schedule;
  /// JSON of the schedule that a connection without one gets; "" = it runs when triggered only.
  std::string default_schedule;
  std::shared_ptr<const node_history> history{}; ///< null: this node keeps none
  std::shared_ptr<webhook_desk> webhooks{}; ///< null: there are none
  /// So long a webhook waits for its commit; whoever sends it waits hardly longer.
  std::chrono::milliseconds webhook_deadline{10'000};
  std::vector<setting_line> settings{}; ///< of this node, secrets masked
};

/// `default_schedule` from the settings.
std::string schedule_json(const schedule_settings& settings);

} // namespace lode

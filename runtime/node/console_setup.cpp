#include "runtime/node/console_setup.hpp"

#include <random>

#include "actors/scheduling/schedule.hpp"
#include "config/settings.hpp"
#include "runtime/console/source_views.hpp"
#include "runtime/node/manifest_inspection.hpp"
#include "runtime/node/manifest_loading.hpp"
#include "runtime/node/sink_making.hpp"
#include "runtime/node/state_import.hpp"
#include "runtime/node/webhook_desk.hpp"
#include "runtime/storage/postgres/postgres_admin_store.hpp"
#include "runtime/storage/postgres/postgres_catalog_store.hpp"
#include "runtime/storage/postgres/postgres_inspection_store.hpp"
#include "runtime/storage/postgres/postgres_membership_store.hpp"
#include "runtime/storage/postgres/postgres_run_store.hpp"
#include "runtime/storage/postgres/postgres_sink_store.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

/// People's questions, and what is done for them, may take longer than a page's commit.
postgres_settings patient(postgres_settings postgres) {
  postgres.statement_timeout = std::chrono::seconds{60};
  postgres.renews_when_idle = true; // nobody's first question after a restart of the database shall fail
  return postgres;
}

/// Webhooks are sent again: none of them waits behind a slow question.
postgres_settings hasty(postgres_settings postgres) {
  postgres.renews_when_idle = true;
  return postgres;
}

} // namespace

std::function<void()> view_mender(const settings& config, const extensions& known, const postgres_settings& postgres) {
  return [setup = manifest_setup_of(config.mining, known), postgres = patient(postgres)] {
    auto inspect = [&](const std::string& name, const std::string& text) { return inspect_manifest(name, text, setup); };
    put_missing_views(*make_postgres_catalog_store(postgres, "views"), inspect);
  };
}

console_services make_console(const settings& config, const extensions& known, const postgres_settings& postgres,
                              const sealer& seal, std::shared_ptr<node_control> control) {
  console_services services;
  services.open_stores = [postgres = patient(postgres)] {
    return console_stores{make_postgres_catalog_store(postgres, "console"), make_postgres_run_store(postgres, "console"),
                          make_postgres_admin_store(postgres, "console"),
                          make_postgres_membership_store(postgres, "console"), make_postgres_inspection_store(postgres, "console"),
                          make_postgres_sink_store(postgres, "console")};
  };
  services.node = std::move(control);
  services.settings = list_settings(config);
  services.default_schedule = schedule_json(config.schedule);
  services.seal_secrets = [&seal](std::string_view text) { return seal.seal(text); };
  services.open_secrets = [&seal](std::string_view text) { return seal.open(text); };
  const auto setup = manifest_setup_of(config.mining, known);
  services.inspect_manifest = [memory = std::make_shared<manifest_memory>(setup)](const std::string& name, const std::string& text) {
    return memory->inspect(name, text);
  };
  services.inspect_sink = [&known](const std::string& name, const std::string& text) { return inspect_sink(name, text, known.sinks); };
  services.read_airbyte_state = [&seal, setup](const connection_row& connection, const source_row& source,
                                               const std::string& text) {
    return import_airbyte_state(connection, source, setup, seal, text);
  };
  services.webhooks = make_webhook_desk(make_postgres_catalog_store(hasty(postgres), "hooks"), setup);
  services.check_schedule = [&known](std::string_view text) -> caf::expected<new_schedule> {
    auto parsed = parse_schedule(text, known.schedules);
    if (!parsed)
      return parsed.error();
    const auto now = wall_clock();
    auto due = first_due(*parsed, now, 0);
    if (due && *due > now) // what begins at once is not spread
      due = first_due(*parsed, now, static_cast<uint64_t>(std::random_device{}()) << 32);
    return new_schedule{parsed->priority, due};
  };
  return services;
}

} // namespace lode

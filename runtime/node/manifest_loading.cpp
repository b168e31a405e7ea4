#include "runtime/node/manifest_loading.hpp"

#include "messages/type_ids.hpp"
#include "runtime/manifest/loader.hpp"

namespace lode {

manifest_setup manifest_setup_of(const mining_settings& mining, const extensions& known) {
  manifest_setup result;
  result.miners = &known.miners;
  result.steps = &known.steps;
  result.listeners = &known.listeners;
  result.retries = {mining.request_retries, mining.retry_min, mining.retry_max};
  result.delete_brake_percent = mining.delete_brake_percent;
  result.dead_limits = {mining.dead_records_percent / 100.0, mining.dead_records_limit};
  return result;
}

caf::expected<source_plan_pointer> load_plan(const source_row& source, const manifest_setup& setup) {
  auto loaded = load_manifest_text(source.manifest, source.name + ".yaml", setup);
  if (loaded.plan)
    return loaded.plan;
  std::string why = "source " + source.name + " cannot be executed";
  for (const auto& note : loaded.notes)
    why += "; " + to_string(note);
  return caf::make_error(errc::bad_source, why);
}

} // namespace lode

#include "runtime/node/state_import.hpp"

#include "runtime/extraction/airbyte_state.hpp"
#include "runtime/extraction/connection_config.hpp"
#include "runtime/node/manifest_loading.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

caf::expected<std::vector<imported_cursor>> import_airbyte_state(const connection_row& connection,
                                                                 const source_row& source, const manifest_setup& setup,
                                                                 const sealer& seal, const std::string& text) {
  auto plan = load_plan(source, setup);
  if (!plan)
    return plan.error();
  auto secrets = connection.sealed_secrets.empty() ? caf::expected<std::string>{std::string{}}
                                                   : seal.open(connection.sealed_secrets);
  if (!secrets)
    return secrets.error();
  auto config = connection_config(connection.configuration, *secrets);
  if (!config)
    return config.error();
  state_target target{**plan, *config, {}, wall_clock()};
  for (const auto& stream : connection.streams)
    target.streams.push_back(stream.name);
  return read_airbyte_state(text, target);
}

} // namespace lode

#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "actors/scheduling/claim_table.hpp"
#include "actors/scheduling/run_keeper_parts.hpp"
#include "messages/runs.hpp"

namespace lode {

struct connection_context;

/// Makes what mining a connection needs from the rows of the catalog. Keeps the plans of sources as long as their versions stay, and what
/// never changes while the store is up. `parts` outlives it.
class connection_loader {
public:
  explicit connection_loader(const run_keeper_parts& parts) : parts_(parts) {}

  /// errc::not_owner: its shard is not in `claims`; errc::conflict: it is not active. `is_coming`: its shard may be another node's still,
  /// its claim has no epoch then.
  caf::expected<connection_pointer> load(connection_id id, const claim_table& claims, bool is_coming = false);
  /// errc::stale_version when the connection is no longer what it was when it was loaded, or is not active.
  caf::error check_current(const connection_context& connection);
  caf::expected<source_plan_pointer> plan_of(const source_row& row);

  /// What never changes while the store is up is asked for once.
  caf::error learn_store();
  int64_t generation() const { return generation_; } ///< of the store, 0 until it is known

private:
  /// Ids by index in the plan: the chosen streams, and in `parents_only` what else they need.
  caf::error choose_streams(const connection_row& row, connection_context& into);
  /// Its live sides, where the configuration switches them on.
  caf::error prepare_live(connection_context& into);
  caf::expected<source_plan_pointer> plan_of(source_id id);

  const run_keeper_parts& parts_;
  std::map<source_id, std::pair<std::string, source_plan_pointer>> plans_; ///< by source, with the version
  std::optional<uint64_t> seed_;                                           ///< known: the generation too
  int64_t generation_ = 0;
};

} // namespace lode

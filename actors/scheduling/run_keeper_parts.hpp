#pragma once

#include <caf/expected.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/scheduling/run_report.hpp"
#include "actors/scheduling/schedule_registry.hpp"
#include "messages/runs.hpp"
#include "runtime/manifest/plan.hpp"
#include "runtime/storage/catalog_store.hpp"
#include "runtime/storage/inspection_store.hpp"
#include "runtime/storage/live_store.hpp"
#include "runtime/storage/run_store.hpp"

namespace lode {

class continuation_codec;

/// What the run keeper works with. The functions keep manifests and keys out of it.
struct run_keeper_parts {
  std::shared_ptr<run_store> runs;
  std::shared_ptr<catalog_store> catalog;
  /// The span that a requested backfill is to read; nothing: whatever a backfill reads.
  std::function<caf::expected<std::optional<backfill_order>>(connection_id)> load_backfill = [](connection_id) {
    return caf::expected<std::optional<backfill_order>>{std::optional<backfill_order>{}};
  };
  std::shared_ptr<live_store> gaps{}; ///< what repairs are to read; null: nobody listens
  const continuation_codec* codec = nullptr;
  std::vector<shard_claim> claims{}; ///< with which it begins; more come and go
  std::function<caf::expected<source_plan_pointer>(const source_row&)> load_plan;
  std::function<caf::expected<std::string>(std::string_view)> open_secrets;
  std::function<caf::expected<std::string>(std::string_view)> seal_secrets;
  std::function<instant()> now;
  std::function<int64_t()> tick = [] { return int64_t{0}; }; ///< the node's logical clock
  schedule_registry schedules = builtin_schedules();
  /// Whether this node has a listener of that name.
  std::function<bool(const std::string&)> can_listen = [](const std::string&) { return false; };
  run_report report = no_run_report; ///< of what becomes durable here
};

} // namespace lode

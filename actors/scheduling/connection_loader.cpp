#include "actors/scheduling/connection_loader.hpp"

#include <algorithm>
#include <set>

#include "actors/extraction/connection_context.hpp"
#include "runtime/extraction/connection_config.hpp"
#include "runtime/extraction/event_mapper.hpp"
#include "runtime/extraction/live_texts.hpp"

namespace lode {

namespace {

/// Index -> id of the streams of these names, 0 where there is none.
std::vector<stream_id> ids_by_name(const source_plan& plan, const std::vector<stream_row>& rows) {
  std::vector<stream_id> result(plan.streams.size());
  for (size_t i = 0; i < plan.streams.size(); ++i)
    for (const auto& stream : rows)
      if (stream.name == plan.streams[i].name)
        result[i] = stream.id;
  return result;
}

/// Streams that are not chosen themselves and whose records say what partitions the chosen ones have, at any depth.
std::set<size_t> missing_parents(const source_plan& plan, const std::vector<stream_id>& chosen) {
  std::set<size_t> missing;
  for (auto i = plan.streams.size(); i-- > 0;) { // parents come before their children
    if (!chosen[i] && missing.count(i) == 0)
      continue;
    for (const auto& router : plan.streams[i].routers)
      if (const auto* sub = std::get_if<substream_router>(&router))
        for (const auto& parent : sub->parents)
          if (!chosen[parent.stream])
            missing.insert(parent.stream);
  }
  return missing;
}

} // namespace

caf::expected<connection_pointer> connection_loader::load(connection_id id, const claim_table& claims, bool is_coming) {
  auto row = parts_.catalog->load_connection(id);
  if (!row)
    return row.error();
  auto claim = claims.claim_of(row->shard);
  if (!claim && !is_coming)
    return caf::make_error(errc::not_owner, row->tenant_name + " is not mined by this node");
  if (row->state != activity::active)
    return caf::make_error(errc::conflict, row->tenant_name + "/" + row->name + " is not active: " + row->reason);
  if (auto edition = parts_.catalog->edition_of(id); !edition)
    return edition.error();
  auto plan = plan_of(row->source);
  if (!plan)
    return plan.error();
  auto secrets =
    row->sealed_secrets.empty() ? caf::expected<std::string>{std::string{}} : parts_.open_secrets(row->sealed_secrets);
  if (!secrets)
    return secrets.error();
  auto config = connection_config(row->configuration, *secrets);
  if (!config)
    return config.error();
  if (auto error = learn_store())
    return error;
  auto result = std::make_shared<connection_context>();
  result->tenant = row->tenant;
  result->tenant_name = row->tenant_name;
  result->connection = row->id;
  result->connection_name = row->name;
  result->claim = claim.value_or(shard_claim{row->shard, {}});
  result->plan = *plan;
  result->config = std::move(*config);
  result->secrets = std::move(*secrets);
  result->sealed_secrets = row->sealed_secrets;
  result->schedule = row->schedule;
  result->hash_seed = *seed_;
  result->store_generation = generation_;
  result->edition = row->edition;
  result->source_version = plans_[row->source].first;
  if (auto error = choose_streams(*row, *result))
    return error;
  if (auto error = prepare_live(*result))
    return error;
  return connection_pointer{std::move(result)};
}

caf::error connection_loader::learn_store() {
  if (seed_)
    return {};
  auto known = parts_.catalog->store_generation();
  if (!known)
    return known.error();
  auto stored = parts_.catalog->hash_seed();
  if (!stored)
    return stored.error();
  generation_ = *known;
  seed_ = *stored;
  return {};
}

caf::error connection_loader::choose_streams(const connection_row& row, connection_context& into) {
  const auto& plan = *into.plan;
  into.streams = ids_by_name(plan, row.streams);
  into.parents_only = missing_parents(plan, into.streams);
  if (into.parents_only.empty())
    return {};
  std::vector<std::string> names;
  for (auto i : into.parents_only)
    names.push_back(plan.streams[i].name);
  auto parents = parts_.catalog->unchosen_streams(row.id, names);
  if (!parents)
    return parents.error();
  auto ids = ids_by_name(plan, *parents);
  for (auto i : into.parents_only)
    into.streams[i] = ids[i];
  return {};
}

caf::error connection_loader::prepare_live(connection_context& into) {
  const auto now = parts_.now();
  std::vector<bool> wanted;
  for (size_t i = 0; i < into.streams.size(); ++i)
    wanted.push_back(into.streams[i] && into.parents_only.count(i) == 0);
  into.live.resize(into.plan->live.size());
  const std::string* heard_by = nullptr;
  for (size_t side = 0; side < into.live.size(); ++side) {
    const auto& live = into.plan->live[side];
    auto is_on = is_enabled(live, into.config, now);
    if (!is_on)
      return is_on.error();
    auto is_wanted = std::any_of(live.streams.begin(), live.streams.end(), [&](auto stream) { return wanted[stream]; });
    if (!*is_on || !is_wanted || !parts_.can_listen(live.listener))
      continue;
    if (heard_by)
      return caf::make_error(
        errc::bad_source,
        into.connection_name + " would be listened to in two ways (" + *heard_by + ", " + live.listener
          + "), expected one: the gap ledger is one per connection. Let "
            "x-lode.live.enabled of its streams hold for one of them only, or give them the same settings");
    heard_by = &live.listener;
    auto rules = event_rules::make(into.plan, side, into.config, wanted, into.hash_seed, now);
    if (!rules)
      return rules.error();
    into.live[side] = std::make_shared<const event_rules>(std::move(*rules));
  }
  return {};
}

caf::expected<source_plan_pointer> connection_loader::plan_of(source_id id) {
  auto row = parts_.catalog->load_source(id);
  if (!row)
    return row.error();
  return plan_of(*row);
}

caf::expected<source_plan_pointer> connection_loader::plan_of(const source_row& row) {
  auto& [version, plan] = plans_[row.id];
  if (!plan || version != row.version) {
    auto loaded = parts_.load_plan(row);
    if (!loaded)
      return loaded.error();
    plan = *loaded;
    version = row.version;
  }
  return plan;
}

caf::error connection_loader::check_current(const connection_context& connection) {
  auto edition = parts_.catalog->edition_of(connection.connection);
  if (edition && *edition == connection.edition)
    return {};
  if (!edition && edition.error() == errc::store_unavailable)
    return edition.error();
  return caf::make_error(errc::stale_version, connection.tenant_name + "/" + connection.connection_name
                                                + " was changed or is no longer active: read it again");
}

} // namespace lode

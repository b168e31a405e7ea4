#include "runtime/storage/postgres/postgres_inspection_store.hpp"

#include <algorithm>
#include <unordered_map>

#include "runtime/storage/postgres/instants.hpp"
#include "runtime/storage/postgres/overview_queries.hpp"
#include "runtime/storage/postgres/query_rows.hpp"

namespace lode {

namespace {

constexpr statement sources_query{"source_names", "SELECT id, name::text FROM source"};

using numbers = std::span<const int64_t>;

} // namespace

caf::expected<store_overview> postgres_inspection_store::overview(instant now) {
  store_overview out;
  auto dead = dead_shards();
  if (!dead)
    return dead.error();
  out.shards_without_node = static_cast<int64_t>(dead->size());
  std::unordered_map<int64_t, std::string> sources;
  auto names = link_.execute(sources_query);
  if (!names)
    return names.error();
  for (int row = 0; row < names->rows(); ++row)
    sources[names->number(row, 0)] = names->string(row, 1);
  auto tenants = link_.execute(tenant_counts_query);
  if (!tenants)
    return tenants.error();
  for (int row = 0; row < tenants->rows(); ++row)
    out.tenants.at(static_cast<size_t>(tenants->number(row, 0))) = tenants->number(row, 1);
  for (bool is_queued : {false, true}) {
    auto values = parameters{}.add(numbers{*dead});
    auto rows = is_queued ? link_.execute(queued_groups_query, values.add(micros(now - queue_grace)))
                          : link_.execute(standing_groups_query, values);
    if (auto failed = add_groups(rows, is_queued, *dead, now, sources, out))
      return failed;
  }
  auto late = link_.execute(lateness_query, parameters{}.add(micros(now)));
  if (!late)
    return late.error();
  out.lateness = std::chrono::microseconds{late->number(0, 0)};
  out.open_continuations = late->number(0, 1);
  auto held = read_all(link_.execute(held_deletes_query), [](const query_result& rows, int row) {
    return held_deletes{rows.string(row, 0), rows.string(row, 1),     rows.string(row, 2),
                        rows.string(row, 3), at(rows.number(row, 4)), rows.string(row, 5)};
  });
  if (!held)
    return held.error();
  out.deletes = std::move(*held);
  auto letters = link_.execute(recent_letters_query);
  if (!letters)
    return letters.error();
  for (int row = 0; row < letters->rows(); ++row)
    out.dead_letters.push_back(
      {wait_reason::none, sources[letters->number(row, 0)], letters->number(row, 1), at(letters->number(row, 2)), {}});
  return out;
}

caf::error postgres_inspection_store::add_groups(const caf::expected<query_result>& rows, bool is_due,
                                                 const std::vector<int64_t>& dead, instant now,
                                                 std::unordered_map<int64_t, std::string>& sources,
                                                 store_overview& into) {
  constexpr size_t most_groups = 50, most_examples = 5;
  if (!rows)
    return rows.error();
  for (int row = 0; row < rows->rows(); ++row) {
    const auto reason = static_cast<wait_reason>(rows->number(row, 0));
    const auto& source = sources[rows->number(row, 1)];
    into.waiting[reason] += rows->number(row, 2);
    auto group = std::find_if(into.groups.begin(), into.groups.end(),
                              [&](const auto& each) { return each.reason == reason && each.source == source; });
    if (reason == wait_reason::paused || (group == into.groups.end() && into.groups.size() == most_groups))
      continue;
    if (group == into.groups.end())
      group = into.groups.insert(group, problem_group{reason, source, 0, at(rows->number(row, 3)), {}});
    group->connections += rows->number(row, 2);
    group->since = std::min(group->since, at(rows->number(row, 3)));
    const auto& examples = is_due                          ? queued_examples_query
                           : reason == wait_reason::moving ? moving_examples_query
                                                           : examples_query;
    auto hits = read_all(
      link_.execute(examples, parameters{}.add(numbers{dead}).add(rows->number(row, 0)).add(rows->number(row, 1))),
      [](const query_result& found, int at) {
        return standing_hit{found.number(at, 0), found.number(at, 1), {}};
      });
    if (!hits)
      return hits.error();
    auto shown = standings(*hits, dead, now);
    if (!shown)
      return shown.error();
    for (auto& example : *shown)
      if (example.reason == reason && group->examples.size() < most_examples)
        group->examples.push_back(std::move(example));
  }
  return {};
}

} // namespace lode

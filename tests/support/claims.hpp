#pragma once

#include <string>
#include <vector>

#include "runtime/storage/membership_store.hpp"

namespace lode::test {

/// Makes this life, under this name, a member that owns all shards that nobody alive owns; those that it owns then, by id.
inline caf::expected<std::vector<shard_claim>> claim_everything(membership_store& store, const std::string& name, incarnation self) {
  auto joined = store.join({name, self, "", 100});
  if (!joined)
    return joined.error();
  if (auto error = store.enter(self))
    return error;
  auto view = store.look();
  if (!view)
    return view.error();
  auto owners = store.owners();
  if (!owners)
    return owners.error();
  std::vector<shard_id> all;
  for (const auto& each : *owners)
    all.push_back(each.shard);
  return store.claim(self, view->number, all);
}

} // namespace lode::test

namespace lode {
using test::claim_everything;
} // namespace lode

#include "actors/storage/fact_verdict.hpp"

#include <algorithm>
#include <tuple>

namespace lode {

namespace {

/// A deletion without a field of its own is as new as the record that it deletes: logical time decides.
fact_order order_of(const stored_fact& latest, const told_fact& told) {
  auto order = told.order;
  if (told.is_deleted && order.field == 0 && latest.known)
    order.field = latest.order.field;
  return order;
}

/// The ordering field says that `order` is newer. That of a tombstone may be the one of what was deleted, which says little.
bool is_newer_by_field(const stored_fact& latest, const fact_order& order) {
  return latest.order.field < order.field && !latest.deleted;
}

bool is_doubtful(const stored_fact& latest, const fact_order& order, const told_fact& told) {
  return told.doubt_from && order.field >= latest.order.field && !is_newer_by_field(latest, order)
         && !is_before(latest.order, *told.doubt_from);
}

fact_verdict as_change(const stored_fact& latest, const told_fact& told, const fact_order& order) {
  if (told.is_deleted)
    return {change_kind::deleted, fact_count::deleted, order};
  if (!latest.known || latest.deleted)
    return {change_kind::inserted, fact_count::inserted, order};
  return {change_kind::updated, fact_count::updated, order};
}

/// Equal content is no change, but its order may count: the source's own field always, logical time only where something that was
/// asked for or heard earlier can still arrive. It grows with every pass, and would cost a row each time.
fact_verdict as_known(const stored_fact& latest, const told_fact& told, const fact_order& order) {
  auto is_news = told.is_of_event || told.is_beside_another_run ? latest.order < order : latest.order.field < order.field;
  return {is_news ? std::optional{change_kind::reordered} : std::nullopt, fact_count::unchanged, order};
}

} // namespace

bool is_before(const fact_order& fact, const fact_order& other) {
  return std::tie(fact.epoch, fact.counter) < std::tie(other.epoch, other.counter);
}

fact_verdict judge(const stored_fact& latest, const told_fact& told) {
  auto order = order_of(latest, told);
  // The deletion of a key that nobody knows is kept against pages on their way, which may still show it; nobody hears of it.
  if (!latest.known && told.is_deleted)
    return {change_kind::reordered, fact_count::unchanged, order};
  if (!latest.known)
    return as_change(latest, told, order);
  if (told.is_same)
    return as_known(latest, told, order);
  if (is_doubtful(latest, order, told))
    return {std::nullopt, fact_count::refused_older, latest.order, true};
  if (order < latest.order)
    return {std::nullopt, fact_count::refused_older, latest.order};
  return as_change(latest, told, order);
}

} // namespace lode

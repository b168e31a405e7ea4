#include "tests/simapi/faults.hpp"

#include "tests/simapi/random.hpp"

#include <algorithm>
#include <array>

namespace simapi {
namespace {

constexpr std::array<std::string_view, 23> names{
  "",           "too_many_requests",  "rate_limited", "server_error",  "slow_first_byte", "stall_mid_body",    "truncated_body",
  "invalid_json", "wrong_content_type", "reset",        "expired_token", "dead_token",      "repeat_page_token", "expire_page_token",
  "hang",       "partial_data", "event_lost",         "event_duplicated", "event_late",  "event_reordered", "event_malformed",   "event_oversize",
  "bad_signature"};

} // namespace

std::string_view name_of(fault_kind kind) {
  return names[static_cast<size_t>(kind)];
}

std::optional<fault_kind> fault_named(std::string_view name) {
  auto found = std::ranges::find(names, name);
  if (name.empty() || found == names.end())
    return {};
  return static_cast<fault_kind>(found - names.begin());
}

uint32_t fault_table::add(fault ordered) {
  ordered.id = ++last_id_;
  faults_.push_back(std::move(ordered));
  return last_id_;
}

bool fault_table::remove(uint32_t id) {
  return std::erase_if(faults_, [&](const fault& each) { return each.id == id; }) > 0;
}

void fault_table::remove_tenant(const std::string& tenant) {
  std::erase_if(faults_, [&](const fault& each) { return each.tenants == std::set{tenant}; });
}

bool fault_table::applies(const fault& each, const fault_target& target) {
  if (is_of_events(each.kind) != target.is_event)
    return false;
  if (!each.tenants.empty() && !each.tenants.contains(std::string{target.tenant}))
    return false;
  // A dead credential is dead at the token endpoint and for WebSockets too.
  bool everywhere = each.kind == fault_kind::dead_token;
  bool is_special = target.stream == "oauth" || target.stream == "live";
  if (each.stream.empty() ? is_special && !everywhere : each.stream != target.stream)
    return false;
  switch (each.kind) {
    case fault_kind::repeat_page_token:
      return target.pages_by_token && target.has_page_token && (!each.to_first || target.pages_read >= 2);
    case fault_kind::expire_page_token:
      return target.pages_by_token && target.has_page_token;
    case fault_kind::expired_token:
      return target.token_serial <= each.set_at_serial;
    default:
      return true;
  }
}

std::optional<fault> fault_table::strike(const fault_target& target) {
  for (auto& each : faults_) {
    if ((each.times > 0 && each.hit >= each.times) || !applies(each, target))
      continue;
    ++each.seen;
    if (each.seen <= each.skip || unit_interval(mix(seed_, each.id, each.seen, 7)) >= each.rate)
      continue;
    ++each.hit;
    return each;
  }
  return {};
}

} // namespace simapi

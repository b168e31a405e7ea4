#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace simapi {

enum class fault_kind : uint8_t {
  none,
  too_many_requests,
  rate_limited,
  server_error,
  slow_first_byte,
  stall_mid_body,
  truncated_body,
  invalid_json,
  wrong_content_type,
  reset,
  expired_token,
  dead_token,
  repeat_page_token,
  expire_page_token,
  hang,
  partial_data,
  // Of events, not of requests.
  event_lost,
  event_duplicated,
  event_late,
  event_reordered,
  event_malformed,
  event_oversize,
  bad_signature
};

constexpr bool is_of_events(fault_kind kind) {
  return kind >= fault_kind::event_lost;
}

std::string_view name_of(fault_kind kind);
std::optional<fault_kind> fault_named(std::string_view name);

/// A misbehaviour that a test ordered. PROTOCOL.md says what each kind does and which of these fields it reads.
struct fault {
  uint32_t id = 0;
  fault_kind kind = fault_kind::none;
  std::set<std::string> tenants; // empty = all
  std::string stream;            // empty = all but `oauth` and `live`
  double rate = 1;
  uint64_t times = 0; // 0 = no end
  uint64_t skip = 0;
  uint32_t retry_after_s = 1;
  uint32_t code = 4;
  uint32_t status = 500;
  uint32_t delay_ms = 0;
  uint32_t bytes = 0;         // event_oversize: of padding
  uint32_t behind = 1;        // event_reordered: later events that pass first
  uint8_t form = 0;           // event_malformed: an event_form
  bool in_body = false;       // reset: after half of the body
  bool to_first = false;      // repeat_page_token: A -> B -> A
  uint32_t set_at_serial = 0; // expired_token on crm: access tokens up to this one have expired

  uint64_t seen = 0; // requests or events that matched
  uint64_t hit = 0;  // those that were spoiled
};

/// What a fault needs to know about a request to decide whether it is meant.
struct fault_target {
  std::string_view tenant;
  std::string_view stream;   // `oauth` for the token endpoint, `live` for the opening of a WebSocket
  bool has_page_token;       // the request brings one
  bool pages_by_token;       // false for page-number and offset streams
  uint32_t pages_read;       // as the page token says
  uint32_t token_serial = 0; // crm: serial of the access token that was sent
  bool is_event = false;     // an event, not a request
};

/// The faults in force. The first one that matches a request is applied.
class fault_table {
public:
  explicit fault_table(uint64_t seed) : seed_(seed) {}

  uint32_t add(fault ordered);
  void clear() { faults_.clear(); }
  bool remove(uint32_t id);
  /// Removes the faults that name only this tenant.
  void remove_tenant(const std::string& tenant);
  const std::vector<fault>& all() const { return faults_; }

  /// The fault that this request gets; counts it.
  std::optional<fault> strike(const fault_target& target);

private:
  static bool applies(const fault& each, const fault_target& target);

  uint64_t seed_;
  uint32_t last_id_ = 0;
  std::vector<fault> faults_;
};

} // namespace simapi

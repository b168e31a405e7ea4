#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/limits.hpp"

namespace lode {

/// The way to a field of a record: one element per level.
using field_path = std::vector<std::string>;

/// The miner of every stream that names no other: pages through what the manifest describes.
inline constexpr const char* default_miner = "manifest";

/// A limit that the API's documentation names.
struct rate_budget {
  using scope = limit_scope;
  scope of = scope::credential;
  uint32_t requests = 0;
  std::chrono::milliseconds per{0};
};

/// A response header that tells how much of a limit is left. `Retry-After`, `RateLimit-*` and
/// `X-RateLimit-*` are understood without a rule.
struct limit_header {
  enum class form : uint8_t {
    used_of_limit,       ///< "32/40": a leaky bucket
    usage_percent,       ///< a JSON object of percentages: {"call_count": 28, ...}; the highest counts
    remaining,           ///< requests left
    reset_after_seconds, ///< seconds until the limit is full again
    reset_at_epoch,      ///< epoch second at which it is full again
  };
  std::string name;
  form meaning = form::remaining;
  rate_budget::scope of = rate_budget::scope::credential;
};

/// A stream's run stops when more of its records than either bound can't be parsed or keyed.
struct dead_record_limits {
  double share = 0.01;
  uint64_t records = 1000;
};

class page_protocol; // runtime/extraction/page_protocol.hpp
using page_protocol_pointer = std::shared_ptr<const page_protocol>;

class processor_step; // runtime/manifest/processor_step.hpp
using processor_step_pointer = std::shared_ptr<const processor_step>;

struct stream_live; // runtime/manifest/live_plan.hpp

struct named_step {
  std::string name;
  processor_step_pointer step;
};

/// What a manifest can't say: the `x-lode` block of a stream. Every key has a default.
struct lode_extension {
  struct request_timeouts {
    std::optional<std::chrono::milliseconds> connect;
    std::optional<std::chrono::milliseconds> first_byte;
    std::optional<std::chrono::milliseconds> whole;
  };
  std::string miner = default_miner; ///< by whom the stream is mined; a name that the node knows
  page_protocol_pointer pages;       ///< that miner's, made with its settings; null = what the manifest describes
  /// The miner's name when it is not default_miner, else "": actors and lines for people show kinds by it.
  std::string own_miner() const { return miner == default_miner ? std::string{} : miner; }
  bool has_stable_order = false;     ///< pages come in an order that edits do not change (id, creation)
  /// Records come in the falling order of their ordering field, which is a datetime. Each change moves it, unless the order is
  /// stable: then it is the time of creation.
  bool is_newest_first = false;
  field_path ordering_field;         ///< which of two states of a record is newer; empty = none
  std::vector<named_step> steps;     ///< that each record passes before it is keyed and hashed
  std::string ordering_format;       ///< datetime format of it; empty = compared as the API sent it
  std::vector<field_path> ignore;    ///< stored, but not part of the content hash
  std::chrono::milliseconds settle_time{60'000}; ///< slices end this much before now
  std::optional<std::chrono::milliseconds> full_pass_every;
  dead_record_limits dead_limits;
  uint32_t delete_brake_percent = 20; ///< more of the live records missing in a full pass: a person is asked first
  uint64_t page_bytes_estimate = 65'536; ///< first guess for the budget of bytes in flight
  request_timeouts timeouts;             ///< absent = the node's settings
  std::vector<rate_budget> budgets;
  std::vector<limit_header> limit_headers;
  std::vector<std::string> next_link_hosts; ///< other hosts that a next link may name
  std::shared_ptr<const stream_live> live; ///< null: the stream is captured by its pages alone
};

} // namespace lode

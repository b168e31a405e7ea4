#pragma once

#include <caf/expected.hpp>

#include <string>
#include <vector>

#include "messages/scheduling.hpp"
#include "runtime/storage/catalog_store.hpp"

namespace lode {

/// Knows what sources say of webhooks. Used by one thread, which it may block. Both fail with errc::not_found where there is no such
/// source, or it has no webhook; errc::bad_source where this node cannot read it; errc::store_unavailable.
class webhook_desk {
public:
  virtual ~webhook_desk() = default;

  /// What a GET wants to hear that only asks if somebody is there; errc::bad_argument: it is none of those.
  virtual caf::expected<std::string> answer_challenge(const std::string& source, const webhook_arrived& request) = 0;
  /// The connections that a request may be for, at least one: whose it is their listeners know by the signature. errc::not_found:
  /// nobody has the account that it names; errc::bad_argument: it names none; errc::conflict: too many.
  virtual caf::expected<std::vector<webhook_target>> find_targets(const std::string& source, const webhook_arrived& request) = 0;
};

} // namespace lode

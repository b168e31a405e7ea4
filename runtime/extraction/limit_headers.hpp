#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "messages/storage.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/manifest/lode_extension.hpp"

namespace lode {

/// What a response says about one limit.
struct limit_reading {
  rate_budget::scope of = rate_budget::scope::credential;
  std::optional<double> remaining_share;                ///< 0 = used up, 1 = all of it is left
  std::optional<double> remaining;                      ///< requests left
  std::optional<std::chrono::milliseconds> reset_after; ///< until it is full again
};

/// Reads the headers that `rules` name, then `RateLimit-*` and `X-RateLimit-*`. What cannot be read is left out.
std::vector<limit_reading> read_limits(const std::vector<limit_header>& rules, const std::vector<http_header>& headers,
                                       instant now);

/// The smallest share of a limit that is left, 0 to 1, of limits that outlast a run: what is full again within a minute (a
/// leaky bucket always is) tells nothing about the next run. Absent: the API does not say.
std::optional<double> lasting_quota_left(const std::vector<limit_header>& rules, const std::vector<http_header>& headers,
                                         instant now);

/// How long the API asks to wait: `Retry-After` (seconds or a date), else the reset of a limit that is used up.
std::optional<std::chrono::milliseconds> wait_asked(const std::vector<limit_header>& rules,
                                                    const std::vector<http_header>& headers, instant now);

/// The budgets that a response says are used up. `wait`: how long the request itself is to wait, because it was refused
/// (0 = it was answered); what no named budget covers of it falls to the credential, the narrowest guess.
std::vector<budget_pause> pauses_asked(const std::vector<limit_header>& rules, const std::vector<http_header>& headers,
                                       std::chrono::nanoseconds wait, instant now);

} // namespace lode

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "messages/storage.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/extraction/received_response.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

enum class verdict_action : uint8_t {
  accept,         ///< read the page
  retry,          ///< ask again `after` a while; counts as a try
  wait,           ///< a limit, or no room on our side: ask again `after` a while; counts as nothing
  give_up_page,   ///< retries are used up, or it cannot be had: the interval stays owed
  unauthorized,   ///< credentials are refused (an OAuth2 source refreshes its token once first)
  rejected,       ///< the API refuses this request for good
  ignore,         ///< no records, the slice ends, the run goes on
  restart_paging, ///< the page token is refused: begin the slice anew
};

struct verdict {
  verdict_action action = verdict_action::accept;
  std::chrono::milliseconds after{0};
  /// For people: status and what the API or the source says; no secret, at most 500 bytes.
  std::string message;
};

struct judge_inputs {
  uint32_t failures = 0; ///< failed tries of this page so far, this one not counted
  uint32_t waits = 0;    ///< how often this page has waited for a limit in a row
  instant now{};
  double random = 0.5; ///< 0 <= random < 1: spreads retries
  const expression::value& config;
};

/// What follows a response. Filters in order, then the default table, as the manifest format says, but `Retry-After` and
/// rate-limit headers are honoured without being asked and a limit uses up no retry. Never fails: a rule that
/// cannot be evaluated does not match.
verdict judge(const stream_plan& stream, received_response& response, const judge_inputs& inputs);

/// What follows when there is no response.
verdict judge(const stream_plan& stream, const http_error& error, const judge_inputs& inputs);

/// What follows a response that the rules accept and whose body says that a limit is reached: `wait` for as long as a limit of these
/// rules would, or give_up_page.
verdict judge_limit(const stream_plan& stream, received_response& response, const judge_inputs& inputs);

/// Whether a page that failed so often before is given up when it fails once more. For answers that `judge` accepted but
/// that cannot be read.
bool is_last_try(const stream_plan& stream, uint32_t failures);
/// How long such a page waits for its next try; `random` as in judge_inputs.
std::chrono::milliseconds wait_before_retry(const stream_plan& stream, uint32_t failures, double random);

/// The message that an API put into an error body, or "".
std::string message_in(json_node body);

} // namespace lode

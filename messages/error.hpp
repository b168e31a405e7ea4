#pragma once

#include <caf/default_enum_inspect.hpp>
#include <caf/error.hpp>
#include <caf/string_view.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace lode {

/// Everything that can go wrong, by what happens next. The context (tenant, source, host; never a secret) stands in
/// the message of the caf::error.
enum class errc : uint8_t {
  none = 0,
  // The far side or the way to it: tried again with backoff, until the source's retries are used up.
  unreachable,       ///< could not connect, reset, timed out
  server_failed,     ///< the API answered 5xx or what its error rules call a retry
  bad_response,      ///< truncated, not JSON, wrong content type, not the declared shape
  // Waiting, which is not failing: uses up no retries.
  rate_limited,      ///< the API says: later
  store_unavailable, ///< PostgreSQL does not answer or refuses all writes at the moment
  // This page cannot be had: its interval stays owed, the rest of the run goes on.
  page_failed,       ///< retries are used up, paging turns in a circle, rows never stand still
  rejected,          ///< the API refuses the request for good (400, 404, what the rules call FAIL)
  // The connection needs a person: suspended with the reason.
  unauthorized,      ///< dead token, revoked grant, scope withdrawn
  bad_source,        ///< manifest or configuration cannot be executed
  // Order and ownership: the sender's view is old; it starts again from the store.
  stale_version,
  not_owner,
  unknown_outcome,
  // Callers' mistakes.
  not_found,
  conflict,
  bad_argument,
  // Defects: escalated to the supervisor.
  internal,
};

std::string to_string(errc x);
bool from_string(caf::string_view in, errc& out);
bool from_integer(uint8_t in, errc& out);

template <class Inspector>
bool inspect(Inspector& f, errc& x) {
  return caf::default_enum_inspect(f, x);
}

/// What follows an error. One table: the only place that decides it.
enum class disposition : uint8_t {
  retry_later,      ///< same page again after a backoff; counts against the retries of the page
  wait,             ///< same page again when the cause is over; counts against nothing
  give_up_page,     ///< close the continuation as failed; its interval stays owed
  suspend,          ///< stop the connection and tell the tenant
  resume_from_store,///< forget what is in memory, read the continuation again
  refuse,           ///< tell the caller
  escalate,         ///< a defect: end the actor with this error
};

disposition disposition_of(errc code);
/// Errors of other categories (CAF's, exceptions) are defects here: escalate.
disposition disposition_of(const caf::error& error);

/// The context of `error` without its code, as a person reads it.
std::string message_of(const caf::error& error);

} // namespace lode

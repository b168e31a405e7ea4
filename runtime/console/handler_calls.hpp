#pragma once

#include <boost/asio/awaitable.hpp>

#include "runtime/console/http_session.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

/// Lends one set of stores to a worker.
class lent_stores {
public:
  explicit lent_stores(session_parts& parts);
  ~lent_stores();
  lent_stores(const lent_stores&) = delete;
  console_stores& operator*() noexcept { return stores_; }

private:
  session_parts& parts_;
  console_stores stores_;
};

/// What the handler says; an exception of it is a logged 500.
api_response call(const route& to, const api_request& request, api_context& context);

/// Of a route that needs no stores, on the thread of the caller.
api_response answer_here(session_parts& parts, const route& to, const api_request& request);

/// By a worker with its stores.
boost::asio::awaitable<api_response> answer_by_worker(session_parts& parts, const route& to, const api_request& request);

/// The answer to a webhook, when it is committed, or a refusal when that takes too long.
boost::asio::awaitable<api_response> answer_hook(session_parts& parts, const route& to, api_request request);

/// Webhooks that are answered at once: half of the conversations, so that there is always room for people.
inline constexpr int max_open_hooks = 256;

/// `named`: what a path names by the {names} of its route; it outlives the context.
log_context context_of(const std::map<std::string, std::string>& named);

} // namespace lode

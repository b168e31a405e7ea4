#pragma once

#include "tests/simapi/control.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>

namespace simapi {

/// Some requests of the control port have to wait before they can be answered: for the challenge of webhooks, or until nothing waits to be
/// delivered. Answers a refusal, if there is one; other requests pass at once.
boost::asio::awaitable<std::optional<control_reply>>
wait_before_control(simulation& sim, bool post, const std::string& target, const std::string& body);

} // namespace simapi

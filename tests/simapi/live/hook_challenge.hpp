#pragma once

#include "tests/simapi/live/hooks.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <set>
#include <string>

namespace simapi {

/// Asks each URL for `challenge=TOKEN` and expects 200 with the token as the body. Answers what is wrong with the first one that fails.
boost::asio::awaitable<std::optional<std::string>> challenge_hooks(std::set<std::string> urls, uint64_t seed);

} // namespace simapi

#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "runtime/http/http_client.hpp"

namespace lode {
class component;
}

namespace lode::examples {

struct webhook_sink_settings {
  std::string url;               ///< as http_url writes it; may hold secrets: never in messages
  std::string receiver;          ///< its host and port, for messages
  std::vector<std::string> keys; ///< each request is signed with all of them
  size_t batch = 100;            ///< changes in one request, at most
  std::chrono::milliseconds timeout{10'000};
  std::vector<http_header> headers{}; ///< beside those of the specification
};

/// Mistakes are told with settings.error; the result is of no use then.
webhook_sink_settings read_webhook_sink_settings(const component& settings);

} // namespace lode::examples

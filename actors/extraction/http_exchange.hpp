#pragma once

#include "runtime/http/http_client.hpp"

namespace lode {

/// What came back for one request. Immutable once made; shared by miner and processor.
struct http_exchange {
  http_result result;

  const http_response* response() const { return std::get_if<http_response>(&result); }
  const http_error* error() const { return std::get_if<http_error>(&result); }
};

} // namespace lode

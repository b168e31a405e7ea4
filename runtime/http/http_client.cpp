#include "runtime/http/http_client.hpp"

#include "runtime/http/text.hpp"

#include <algorithm>

namespace lode {

const std::string* find_header(const std::vector<http_header>& headers, std::string_view name) {
  auto found = std::find_if(headers.begin(), headers.end(),
                            [&](const http_header& header) { return equals_ignoring_case(header.name, name); });
  return found == headers.end() ? nullptr : &found->value;
}

std::string_view to_string(http_failure kind) {
  switch (kind) {
    case http_failure::invalid_request: return "invalid_request";
    case http_failure::resolve: return "resolve";
    case http_failure::connect: return "connect";
    case http_failure::tls: return "tls";
    case http_failure::proxy: return "proxy";
    case http_failure::timeout_queue: return "timeout_queue";
    case http_failure::timeout_connect: return "timeout_connect";
    case http_failure::timeout_first_byte: return "timeout_first_byte";
    case http_failure::timeout_total: return "timeout_total";
    case http_failure::reset: return "reset";
    case http_failure::truncated: return "truncated";
    case http_failure::malformed: return "malformed";
    case http_failure::too_large: return "too_large";
    case http_failure::redirect_refused: return "redirect_refused";
    case http_failure::overloaded: return "overloaded";
    case http_failure::cancelled: return "cancelled";
  }
  return "unknown";
}

bool may_have_arrived(http_failure kind) {
  switch (kind) {
    case http_failure::invalid_request:
    case http_failure::resolve:
    case http_failure::connect:
    case http_failure::tls:
    case http_failure::proxy:
    case http_failure::timeout_queue:
    case http_failure::timeout_connect:
    case http_failure::redirect_refused:
    case http_failure::overloaded:
      return false;
    default:
      return true;
  }
}

} // namespace lode

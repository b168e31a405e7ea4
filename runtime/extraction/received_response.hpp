#pragma once

#include <caf/error.hpp>

#include <string_view>
#include <vector>

#include "runtime/extraction/json_document.hpp"
#include "runtime/http/http_client.hpp"

namespace lode {

/// A response as it is judged and read. Its body is taken apart at most once, when someone asks. A view: status, headers
/// and body must outlive it. `scratch` keeps its memory from page to page.
class received_response {
public:
  received_response(int status, const std::vector<http_header>& headers, std::string_view body, json_document& scratch)
      : status_(status), headers_(headers), body_(body), document_(scratch) {}
  received_response(const http_response& response, json_document& scratch)
      : received_response(response.status, response.headers, response.body, scratch) {}

  int status() const noexcept { return status_; }
  const std::vector<http_header>& headers() const noexcept { return headers_; }
  std::string_view body() const noexcept { return body_; }

  /// The body as JSON, or nothing: why_not_json() then says what is wrong with it.
  json_node json();
  const caf::error& why_not_json();

private:
  void parse();

  int status_;
  const std::vector<http_header>& headers_;
  std::string_view body_;
  json_document& document_;
  bool is_parsed_ = false;
  caf::error why_not_;
};

} // namespace lode

#pragma once

#include "runtime/websocket/websocket_client.hpp"

#include "runtime/http/url.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lode {

/// The URL of a request with its scheme as HTTP's: ws is http, wss is https.
std::variant<http_url, http_error> parse_websocket_url(std::string_view text);

/// Why the request cannot be sent, if so.
std::optional<http_error> check_upgrade(const websocket_request& request, const http_url& url);

/// What is sent beside the headers of the upgrade itself.
std::vector<http_header> upgrade_headers(const websocket_request& request, const std::string& user_agent);

/// The answer to an upgrade as its bytes come in: it is known with the end of the head, whatever a body does.
class upgrade_answer {
public:
  /// The next bytes. False if these cannot be the beginning of an answer.
  bool add(std::string_view bytes);

  bool is_complete() const { return status_ != 0; }
  bool is_declined() const { return status_ != 0 && status_ != 101; }
  int status() const { return status_; }
  std::vector<http_header>& headers() { return headers_; }

private:
  std::string head_;
  int status_ = 0;
  std::vector<http_header> headers_;
};

/// What the server chose that was not offered, if anything.
std::optional<std::string> check_choice(const websocket_request& asked, const std::vector<http_header>& answered);

} // namespace lode

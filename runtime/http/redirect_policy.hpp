#pragma once

#include "runtime/http/http_client.hpp"
#include "runtime/http/url.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace lode {

/// Follows the redirects of one request, and never takes a credential to another origin (scheme, host and port):
/// - all headers of the caller are dropped but a few that are known to be harmless;
/// - query parameters of the target that repeat a credential of the request are dropped;
/// - a body is not sent there: the redirect is refused;
/// - https is never left for http.
/// What was dropped stays dropped when a later redirect leads back.
class redirect_policy {
public:
  explicit redirect_policy(unsigned max_redirects) : left_(max_redirects), limit_(max_redirects) {}

  /// The request to send next, nothing if the response is no redirect, or why it is not followed.
  std::variant<std::monostate, http_request, http_error> next(const http_request& asked, const http_url& asked_url,
                                                              const http_response& response);

private:
  void remember_credentials(const http_request& asked);
  std::string without_credentials(const http_url& target, const http_request& asked) const;

  unsigned left_;
  unsigned limit_;
  std::vector<std::string> credentials_; ///< values seen in queries of this request
};

} // namespace lode

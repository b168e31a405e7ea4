#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace lode {

struct api_reply {
  int status = 0;          ///< 0: no node answers; `body` says why
  std::string body;
  bool is_complete = true; ///< false: the answer broke off
  bool may_be_done = false; ///< of one without an answer: the request was sent, so it may have been carried out
};

/// A small blocking client of one node's API.
class api_client {
public:
  /// Gets the body piece by piece.
  using sink = std::function<void(std::string_view)>;

  /// `address` as http://host:port or host:port.
  api_client(std::string address, std::string token);

  /// With `into`, the body of a 200 goes there instead of into the reply. `command`: under which it is carried out once.
  api_reply call(const std::string& method, const std::string& path, const std::string& body = {},
             const std::string& content_type = "application/json", const sink& into = nullptr, const std::string& command = {}) const;

  const std::string& address() const noexcept { return address_; }

private:
  std::string address_;
  std::string host_;
  std::string port_;
  std::string token_;
};

} // namespace lode

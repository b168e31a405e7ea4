#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lode {

struct api_reply {
  int status = 0;          ///< 0: no node answers; `body` says why
  std::string body;
  std::string content_type{};
  bool is_complete = true; ///< false: the answer broke off
  bool may_be_done = false; ///< of one without an answer: the request was sent, so it may have been carried out
};

/// A small blocking client of one node's API.
class api_client {
public:
  /// Gets the body piece by piece.
  using sink = std::function<void(std::string_view)>;

  /// `address` as http://host:port, host:port, or https://host:port: then the node must show a certificate for this host under one of
  /// `ca_file`, or of those that the machine trusts when that is "".
  api_client(std::string address, std::string token, std::string ca_file = {});

  /// With `into`, the body of a 200 goes there instead of into the reply. `command`: under which it is carried out once.
  api_reply call(const std::string& method, const std::string& path, const std::string& body = {},
             const std::string& content_type = "application/json", const sink& into = nullptr, const std::string& command = {}) const;

  /// For each step of a conversation from now on. Without it there is time enough for erasing and importing.
  void give_up_after(std::chrono::seconds patience) noexcept { patience_ = patience; }

  const std::string& address() const noexcept { return address_; }

private:
  std::string address_;
  std::string host_;
  std::string port_;
  std::string token_;
  std::string ca_file_;
  bool is_secure_ = false;
  std::optional<std::chrono::seconds> patience_;
};

} // namespace lode

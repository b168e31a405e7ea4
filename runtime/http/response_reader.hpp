#pragma once

#include "runtime/http/http_client.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>
#include <string>

namespace lode {

/// Turns received bytes into one response: heads that only inform (1xx) are skipped, sizes are bounded, a body that
/// ends early is an error. Knows no sockets.
class response_reader {
public:
  struct limits {
    size_t header_bytes;
    size_t body_bytes;
  };

  /// `head_only`: the response has no body whatever its head says (HEAD, CONNECT). `host` is for messages.
  response_reader(limits bounds, bool head_only, std::string host);

  /// Where the next bytes go.
  boost::asio::mutable_buffer space();
  /// So many have arrived there. What is wrong with them, if anything.
  std::optional<http_error> received(size_t count);
  /// The peer has ended the stream.
  std::optional<http_error> ended();

  bool is_done() const { return parser_->is_done(); }
  size_t bytes() const { return bytes_; }

  /// The connection can take another request: both sides agree, and nothing came after the end.
  bool can_continue() const;

  /// The response with its body decoded, once done.
  http_result take();

private:
  void start_parser();
  std::optional<http_error> failed(boost::system::error_code failure) const;

  limits limits_;
  bool head_only_;
  std::string host_;
  std::optional<boost::beast::http::response_parser<boost::beast::http::string_body>> parser_;
  boost::beast::flat_buffer buffer_;
  size_t bytes_ = 0;
};

} // namespace lode

#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace simapi::test {

/// What a client has got.
struct http_reply {
  int status = 0; // 0: no answer
  std::map<std::string, std::string> headers; // names in lower case
  std::string body;
  bool whole = false; // the body is complete
  bool reset = false; // the connection was reset
};

/// One blocking connection to a loopback port. Reading waits for as long as it takes; ctest ends what hangs.
class http_client {
public:
  explicit http_client(uint16_t port);
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  void send(const std::string& bytes);
  http_reply read();

  /// Reads until this many bytes of the body are there, and no further.
  std::string read_body_up_to(size_t bytes);

  /// Whether bytes (or the end) are waiting to be read right now.
  bool has_input() const;

  /// Whether the connection is still open, after an answer has been read.
  bool is_open() const { return open_; }

  http_reply get(const std::string& target, const std::string& headers = {});
  http_reply post(const std::string& target, const std::string& body, const std::string& headers = {});

private:
  bool fill();
  bool read_head(http_reply& into);
  void read_chunks(http_reply& into);

  int socket_;
  bool open_ = true;
  bool reset_ = false;
  std::string buffer_;
};

} // namespace simapi::test

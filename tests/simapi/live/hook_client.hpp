#pragma once

#include "tests/simapi/live/hook_request.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <map>
#include <memory>
#include <vector>

namespace simapi {

struct hook_answer {
  int status = 0;              // 0: none
  bool was_handed_over = false; // bytes of the request were given to a socket
  std::string body;
  std::string problem;   // why there is no answer
  bool timed_out = false;
};

/// Makes requests over plain HTTP and keeps connections for the next ones. Used on one strand.
class hook_client {
public:
  boost::asio::awaitable<hook_answer> ask(const hook_request& what);

private:
  using connection = std::unique_ptr<boost::beast::tcp_stream>;

  boost::asio::awaitable<hook_answer> try_over(connection& over, const hook_request& what);

  std::map<std::string, std::vector<connection>> kept_; // by server
};

} // namespace simapi

#pragma once

#include <cstdint>
#include <string>

namespace lode::test {

struct http_answer {
  int status = 0; ///< 0: nobody answered
  std::string body;
};

/// One blocking request to a loopback port on a connection of its own; gives up after 30 s of silence.
http_answer http_ask(uint16_t port, const std::string& method, const std::string& target, const std::string& body = "",
                     const std::string& content_type = "application/json");

} // namespace lode::test

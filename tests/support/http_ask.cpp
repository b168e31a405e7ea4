#include "tests/support/http_ask.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace lode::test {

namespace {

struct connection {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ~connection() { ::close(socket); }

  bool open(uint16_t port) const {
    timeval silence{30, 0};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  bool send_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0)
        return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  std::string receive_all() const {
    std::string text;
    std::array<char, 65536> space;
    for (ssize_t got = 0; (got = ::recv(socket, space.data(), space.size(), 0)) > 0;)
      text.append(space.data(), static_cast<size_t>(got));
    return text;
  }
};

std::string without_chunks(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto line = text.find("\r\n");
    auto size = std::strtoull(std::string{text.substr(0, line)}.c_str(), nullptr, 16);
    if (line == text.npos || size == 0 || line + 2 + size > text.size())
      break;
    out += text.substr(line + 2, size);
    text.remove_prefix(std::min<size_t>(text.size(), line + 2 + size + 2));
  }
  return out;
}

} // namespace

http_answer http_ask(uint16_t port, const std::string& method, const std::string& target, const std::string& body,
                     const std::string& content_type) {
  connection peer;
  auto head = method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port)
              + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size())
              + (body.empty() ? "" : "\r\nContent-Type: " + content_type) + "\r\n\r\n";
  if (!peer.open(port) || !peer.send_all(head + body))
    return {};
  auto text = peer.receive_all();
  auto end = text.find("\r\n\r\n");
  if (text.size() < 12 || end == std::string::npos)
    return {};
  http_answer answer{std::atoi(text.c_str() + 9), text.substr(end + 4)};
  auto is_chunked = text.substr(0, end).find("chunked") != std::string::npos;
  if (is_chunked)
    answer.body = without_chunks(answer.body);
  return answer;
}

} // namespace lode::test

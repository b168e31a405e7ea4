#include "tests/simapi/test/http_client.hpp"

#include <arpa/inet.h>
#include <cctype>
#include <cerrno>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace simapi::test {

http_client::http_client(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
}

http_client::~http_client() {
  ::close(socket_);
}

void http_client::send(const std::string& bytes) {
  if (::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
    open_ = false;
}

bool http_client::fill() {
  char bytes[1 << 16];
  auto count = ::recv(socket_, bytes, sizeof bytes, 0);
  if (count <= 0) {
    open_ = false;
    reset_ = count < 0 && errno == ECONNRESET;
    return false;
  }
  buffer_.append(bytes, static_cast<size_t>(count));
  return true;
}

bool http_client::has_input() const {
  pollfd waiting{socket_, POLLIN, 0};
  return !buffer_.empty() || ::poll(&waiting, 1, 0) > 0;
}

bool http_client::read_head(http_reply& into) {
  size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill())
      return false;
  auto head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  into.status = std::stoi(head.substr(9, 3));
  for (auto begin = head.find("\r\n") + 2; begin < head.size();) {
    auto line_end = head.find("\r\n", begin);
    auto colon = head.find(": ", begin);
    auto name = head.substr(begin, colon - begin);
    for (auto& c : name)
      c = static_cast<char>(std::tolower(c));
    into.headers[name] = head.substr(colon + 2, line_end - colon - 2);
    begin = line_end + 2;
  }
  return true;
}

void http_client::read_chunks(http_reply& into) {
  for (;;) {
    size_t line;
    while ((line = buffer_.find("\r\n")) == std::string::npos)
      if (!fill())
        return;
    auto size = std::stoul(buffer_.substr(0, line), nullptr, 16);
    while (buffer_.size() < line + 2 + size + 2)
      if (!fill())
        return;
    into.body += buffer_.substr(line + 2, size);
    buffer_.erase(0, line + 2 + size + 2);
    if (size == 0) {
      into.whole = true;
      return;
    }
  }
}

http_reply http_client::read() {
  http_reply result;
  if (read_head(result)) {
    if (result.headers.contains("transfer-encoding")) {
      read_chunks(result);
    } else {
      auto length = std::stoul(result.headers["content-length"]);
      while (buffer_.size() < length && fill()) {
      }
      result.body = buffer_.substr(0, length);
      buffer_.erase(0, result.body.size());
      result.whole = result.body.size() == length;
    }
  }
  result.reset = reset_;
  return result;
}

std::string http_client::read_body_up_to(size_t bytes) {
  http_reply head;
  read_head(head);
  while (buffer_.size() < bytes && fill()) {
  }
  return std::exchange(buffer_, {});
}

http_reply http_client::get(const std::string& target, const std::string& headers) {
  send("GET " + target + " HTTP/1.1\r\nHost: any.test\r\n" + headers + "\r\n");
  return read();
}

http_reply http_client::post(const std::string& target, const std::string& body, const std::string& headers) {
  send("POST " + target + " HTTP/1.1\r\nHost: any.test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers
       + "\r\n" + body);
  return read();
}

} // namespace simapi::test

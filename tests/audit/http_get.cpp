#include "tests/audit/http_get.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include "tests/audit/could_not_audit.hpp"

namespace audit {

namespace {

struct descriptor {
  explicit descriptor(int value) : value(value) {}
  descriptor(const descriptor&) = delete;
  ~descriptor() {
    if (value >= 0)
      close(value);
  }
  int value;
};

[[noreturn]] void fail(const std::string& what) {
  throw could_not_audit{"truth: " + what};
}

int connected_socket(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (auto code = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); code != 0)
    fail(host + ":" + port + ": " + gai_strerror(code));
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all{found, freeaddrinfo};
  for (auto* each = found; each; each = each->ai_next) {
    descriptor socket{::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol)};
    if (socket.value >= 0 && connect(socket.value, each->ai_addr, each->ai_addrlen) == 0)
      return std::exchange(socket.value, -1);
  }
  fail("no connection to " + host + ":" + port + " (" + std::strerror(errno) + "): is lode-simapi running?");
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string joined_chunks(std::string_view rest) {
  std::string body;
  for (;;) {
    size_t size = 0;
    auto line = rest.find("\r\n");
    if (line == std::string_view::npos || std::from_chars(rest.data(), rest.data() + line, size, 16).ec != std::errc{}
        || rest.size() - line < size + 4)
      fail("the answer was cut short after " + std::to_string(body.size()) + " bytes");
    if (size == 0)
      return body;
    body += rest.substr(line + 2, size);
    rest.remove_prefix(line + 2 + size + 2);
  }
}

} // namespace

std::string body_of(std::string_view response) {
  auto end = response.find("\r\n\r\n");
  if (end == std::string_view::npos)
    fail("the answer was cut short in its head");
  auto head = lower(response.substr(0, end + 2));
  auto rest = response.substr(end + 4);
  if (auto status = response.substr(0, 13); status.substr(9, 3) != "200")
    fail("status " + std::string{status.substr(9, 3)} + ": " + std::string{rest.substr(0, 200)});
  if (head.find("\r\ntransfer-encoding: chunked\r\n") != std::string::npos)
    return joined_chunks(rest);
  auto field = head.find("\r\ncontent-length: ");
  size_t size = 0;
  if (field == std::string::npos
      || std::from_chars(head.data() + field + 18, head.data() + head.size(), size).ec != std::errc{} || rest.size() < size)
    fail("the answer was cut short after " + std::to_string(rest.size()) + " bytes");
  return std::string{rest.substr(0, size)};
}

std::string http_get(const std::string& base, const std::string& target) {
  auto place = base.substr(std::strlen("http://"));
  place = place.substr(0, place.find('/'));
  auto colon = place.rfind(':');
  if (colon == std::string::npos)
    fail("'" + base + "' has no port; expected http://HOST:PORT");
  descriptor socket{connected_socket(place.substr(0, colon), place.substr(colon + 1))};
  auto request = "GET " + target + " HTTP/1.1\r\nHost: " + place + "\r\nConnection: close\r\n\r\n";
  if (send(socket.value, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    fail(base + ": " + std::strerror(errno));
  std::string response;
  for (size_t used = 0;;) {
    response.resize(std::max<size_t>(response.size(), used + (used / 2) + (1 << 16)));
    auto count = recv(socket.value, response.data() + used, response.size() - used, 0);
    if (count < 0)
      fail(base + ": " + std::strerror(errno));
    used += static_cast<size_t>(count);
    if (count == 0) {
      response.resize(used);
      return body_of(response);
    }
  }
}

} // namespace audit

#include "tests/simapi/bench.hpp"

#include "tests/simapi/server.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <ctime>
#include <iostream>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace simapi {
namespace {

/// A blocking keep-alive connection that counts what it gets.
class bench_client {
public:
  explicit bench_client(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("bench: cannot connect");
    int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    buffer_.resize(1 << 18);
  }
  bench_client(const bench_client&) = delete;
  ~bench_client() { ::close(socket_); }

  void ask(const std::string& request) {
    if (::send(socket_, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size()))
      throw std::runtime_error("bench: cannot send");
  }

  /// Reads one answer and returns its size.
  size_t read() {
    size_t have = 0, need = 0;
    while (need == 0 || have < need) {
      auto count = ::recv(socket_, buffer_.data() + have, buffer_.size() - have, 0);
      if (count <= 0)
        throw std::runtime_error("bench: connection lost");
      have += static_cast<size_t>(count);
      if (need == 0)
        need = size_of({buffer_.data(), have});
    }
    return need;
  }

private:
  static size_t size_of(std::string_view text) {
    auto end = text.find("\r\n\r\n");
    if (end == std::string_view::npos)
      return 0;
    if (!text.starts_with("HTTP/1.1 200"))
      throw std::runtime_error("bench: " + std::string{text.substr(0, 300)});
    auto length = text.find("Content-Length: ");
    return end + 4 + std::stoul(std::string{text.substr(length + 16, 12)});
  }

  int socket_;
  std::string buffer_;
};

std::vector<std::string> requests_for(simulation& sim) {
  std::vector<std::string> result;
  for (auto& each : sim.states) {
    auto pages = each.data->streams.front().order.size() / 100;
    if (each.data->speaks == dialect::shop)
      for (size_t page = 1; page <= pages; ++page)
        result.push_back("GET /admin/api/2024-01/products.json?limit=100&page=" + std::to_string(page) + " HTTP/1.1\r\nHost: "
                         + each.data->name + ".shop.test\r\nX-Shop-Access-Token: " + each.secrets.shop_key() + "\r\n\r\n");
    if (each.data->speaks == dialect::graph)
      result.push_back("GET /v19.0/" + std::to_string(each.data->account) + "/posts?limit=100&access_token="
                       + each.secrets.graph_token() + " HTTP/1.1\r\nHost: graph.test\r\n\r\n");
    if (each.data->speaks == dialect::crm)
      result.push_back("GET /crm/v3/objects/contacts?limit=100 HTTP/1.1\r\nHost: crm.test\r\nAuthorization: Bearer "
                       + each.secrets.access_token(sim.now()) + "\r\n\r\n");
    if (each.data->speaks == dialect::graphql) {
      const std::string query = R"({"query":"{ viewer { contacts(first: 100) { nodes { id } } } }"})";
      result.push_back("POST /graphql HTTP/1.1\r\nHost: graphql.test\r\nAuthorization: Bearer " + each.secrets.graphql_token()
                       + "\r\nContent-Length: " + std::to_string(query.size()) + "\r\n\r\n" + query);
    }
  }
  return result;
}

double cpu_seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

} // namespace

int bench(const settings& config) {
  simulation sim{config};
  server both{sim};
  std::jthread serving{[&] { both.run(1); }};
  clockid_t server_clock;
  ::pthread_getcpuclockid(serving.native_handle(), &server_clock);
  auto requests = requests_for(sim);
  std::vector<std::unique_ptr<bench_client>> clients;
  for (int i = 0; i < 8; ++i)
    clients.push_back(std::make_unique<bench_client>(sim.port));
  uint64_t pages = 0, bytes = 0;
  size_t next = 0;
  auto began = std::chrono::steady_clock::now();
  auto cpu_before = cpu_seconds(server_clock);
  std::chrono::duration<double> elapsed{};
  for (auto& client : clients)
    client->ask(requests[next++ % requests.size()]);
  while (elapsed.count() < config.bench_seconds) {
    for (auto& client : clients) {
      bytes += client->read();
      ++pages;
      client->ask(requests[next++ % requests.size()]);
    }
    elapsed = std::chrono::steady_clock::now() - began;
  }
  auto cpu = cpu_seconds(server_clock) - cpu_before;
  both.stop();
  std::cout << R"({"pages":)" << pages << R"(,"bytes_per_page":)" << bytes / pages << R"(,"pages_per_second":)"
            << static_cast<uint64_t>(double(pages) / elapsed.count()) << R"(,"pages_per_server_cpu_second":)"
            << static_cast<uint64_t>(double(pages) / cpu) << "}\n";
  return 0;
}

} // namespace simapi

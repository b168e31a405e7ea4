#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace lode::test {

/// A way to PostgreSQL that can be cut: listens on a free port of 127.0.0.1 and forwards bytes to the server of `dsn`.
/// A cut closes the client's side only, as a broken network would: the server's session does not notice.
class postgres_proxy {
public:
  explicit postgres_proxy(const std::string& dsn);
  ~postgres_proxy();

  /// The same database through this proxy.
  std::string dsn() const;

  enum class cut : uint8_t {
    none,
    request,       ///< the next thing that a client says is not forwarded
    reply,         ///< it is forwarded, what the server answers is not
    after_request, ///< it is forwarded, the client is cut at once
  };
  /// What happens to the next thing that a client says; once.
  void arm(cut next) { armed_ = next; }
  /// While it holds nothing is forwarded and nothing is closed, as in a network that drops all packets.
  void hold_all(bool holds) { holds_ = holds; }

private:
  void accept_all();
  void forward(int client);
  int connect_to_server() const;
  bool is_cut_by_client_data(int server, const char* bytes, long length);

  std::string database_;
  std::string user_;
  std::string socket_path_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<cut> armed_ = cut::none;
  std::atomic<bool> holds_ = false;
  std::atomic<bool> is_stopping_ = false;
  std::mutex mutex_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

} // namespace lode::test

#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <memory>
#include <set>
#include <string>
#include <thread>

namespace lode::test {

/// A way to a node that can be cut: forwards bytes, and breaks off all connections at once when told to.
class cut_proxy {
public:
  explicit cut_proxy(const std::string& target) {
    auto colon = target.rfind(':');
    target_ = {boost::asio::ip::make_address(target.substr(0, colon)), static_cast<uint16_t>(std::stoi(target.substr(colon + 1)))};
    accept();
    thread_ = std::thread{[this] { io_.run(); }};
  }
  ~cut_proxy() {
    io_.stop();
    thread_.join();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
  void cut() {
    boost::asio::post(io_, [this] {
      for (const auto& pair : std::set<std::shared_ptr<pair_of_sockets>>{pairs_})
        end(pair);
    });
  }

private:
  using tcp = boost::asio::ip::tcp;
  struct pair_of_sockets {
    explicit pair_of_sockets(boost::asio::io_context& io) : near(io), far(io) {}
    tcp::socket near, far;
    std::array<std::array<char, 16'384>, 2> bytes;
  };

  void accept() {
    auto pair = std::make_shared<pair_of_sockets>(io_);
    acceptor_.async_accept(pair->near, [this, pair](boost::system::error_code failed) {
      if (failed)
        return;
      pairs_.insert(pair);
      pair->far.async_connect(target_, [this, pair](boost::system::error_code refused) {
        if (refused)
          return end(pair);
        pump(pair, pair->near, pair->far, 0);
        pump(pair, pair->far, pair->near, 1);
      });
      accept();
    });
  }
  void pump(const std::shared_ptr<pair_of_sockets>& pair, tcp::socket& from, tcp::socket& to, size_t way) {
    from.async_read_some(boost::asio::buffer(pair->bytes[way]), [=, this, &from, &to](boost::system::error_code failed, size_t n) {
      if (failed)
        return end(pair);
      boost::asio::async_write(to, boost::asio::buffer(pair->bytes[way], n), [=, this, &from, &to](boost::system::error_code broken, size_t) {
        broken ? end(pair) : pump(pair, from, to, way);
      });
    });
  }
  void end(const std::shared_ptr<pair_of_sockets>& pair) {
    boost::system::error_code ignored;
    pair->near.close(ignored);
    pair->far.close(ignored);
    pairs_.erase(pair);
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, {boost::asio::ip::make_address("127.0.0.1"), 0}};
  tcp::endpoint target_;
  std::set<std::shared_ptr<pair_of_sockets>> pairs_;
  std::thread thread_;
};

} // namespace lode::test

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace lode {

/// Where what a live socket is told waits until it is sent. A client that does not take it is given up.
class live_reader {
public:
  using text = std::shared_ptr<const std::string>; ///< one for all readers
  static constexpr size_t most_unsent = 1 << 20;

  /// `give_up` is called when too much is unsent; nothing is told from then on.
  live_reader(boost::asio::any_io_executor executor, std::function<void()> give_up)
    : give_up_(std::move(give_up)), news_(executor, boost::asio::steady_timer::time_point::max()) {}

  void tell(text message);
  /// The next message as soon as there is one; nothing when the reader was given up.
  boost::asio::awaitable<text> next();

  size_t topics = 0; ///< that it watches

private:
  std::function<void()> give_up_;
  std::deque<text> unsent_;
  size_t bytes_ = 0;
  bool is_given_up_ = false;
  boost::asio::steady_timer news_; ///< cancelled when something happens
};

/// How fast live sockets are; tests are in a hurry.
struct live_pace {
  std::chrono::milliseconds between_looks{1'000};
  std::chrono::milliseconds quiet{4'500};      ///< after so long without news it is said that there are none
  std::chrono::milliseconds first_word{5'000}; ///< a client says who it is within this time
};

/// What is watched: documents by the path of their GET. However many watch, one look a topic and second; nobody: none. Each reader is sent
/// the document first, then what changed of it (RFC 7396), at most once a second; without news, every few seconds, that there are none.
///
/// Lives on the thread of the conversations.
class live_topics {
public:
  /// What a GET of the topic answers now; nothing when it cannot be answered.
  using look = std::function<boost::asio::awaitable<std::optional<boost::json::value>>(std::string topic)>;
  static constexpr size_t most_of_reader = 16;
  static constexpr size_t most_readers = 64;

  explicit live_topics(look ask, live_pace pace = {}) : ask_(std::move(ask)), pace_(pace) {}
  const live_pace& pace() const noexcept { return pace_; }

  /// False: there are too many readers.
  bool join() { return readers_ < most_readers ? ++readers_, true : false; }
  /// Nothing happens with a topic that cannot be watched, or one too many.
  void watch(const std::shared_ptr<live_reader>& reader, const std::string& topic, const boost::asio::any_io_executor& executor);
  void unwatch(const std::shared_ptr<live_reader>& reader, const std::string& topic);
  /// Of one that joined.
  void leave(const std::shared_ptr<live_reader>& reader);

  /// Documents that change by themselves and say so without null members outside of lists.
  static bool can_watch(const std::string& topic);

private:
  using clock = std::chrono::steady_clock;
  struct watched {
    std::optional<boost::json::value> document{};
    clock::time_point told{};
    std::set<std::shared_ptr<live_reader>> readers{}; ///< they have the document
    std::set<std::shared_ptr<live_reader>> fresh{};   ///< they have nothing yet
  };

  boost::asio::awaitable<void> keep_looking();
  void show(const std::string& topic, watched& of, boost::json::value now);

  look ask_;
  live_pace pace_;
  std::map<std::string, watched> topics_;
  size_t readers_ = 0;
  bool is_looking_ = false;
};

} // namespace lode

#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <string>

namespace simapi {

/// The layer below a WebSocket that makes one write of many messages, can spoil what is written, and can go silent.
template <class Stream>
class batching_stream {
public:
  using executor_type = typename Stream::executor_type;

  explicit batching_stream(Stream& below) : below_(&below) {}

  executor_type get_executor() { return below_->get_executor(); }
  Stream& next_layer() { return *below_; }

  /// While held, writes succeed at once and are kept; the first write after that takes everything along.
  void hold(bool on) { held_ = on; }

  /// Puts bytes between two messages. Only while held.
  void inject(std::string_view bytes) { kept_ += bytes; }

  /// From now on writes vanish.
  void go_silent() { silent_ = true; }
  bool is_silent() const { return silent_; }

  /// Whether the last write that was not held has vanished.
  bool has_vanished() const { return vanished_; }

  template <class Token>
  using result_of = typename boost::asio::async_result<std::decay_t<Token>, void(boost::system::error_code, size_t)>::return_type;

  template <class Buffers, class Token>
  result_of<Token> async_read_some(const Buffers& into, Token&& token) {
    return below_->async_read_some(into, std::forward<Token>(token));
  }

  template <class Buffers, class Token>
  result_of<Token> async_write_some(const Buffers& from, Token&& token) {
    return boost::asio::async_compose<Token, void(boost::system::error_code, size_t)>(
      writing<Buffers>{*this, from}, token, *below_);
  }

private:
  template <class Buffers>
  struct writing {
    batching_stream& layer;
    Buffers from;
    size_t size = 0;
    bool has_begun = false;

    template <class Self>
    void operator()(Self& self, boost::system::error_code error = {}, size_t = 0) {
      if (has_begun)
        return self.complete(error, error ? 0 : size);
      has_begun = true;
      size = layer.keep(from);
      if (!layer.held_)
        layer.begin_write();
      if (layer.held_ || layer.vanished_)
        boost::asio::post(layer.get_executor(), std::move(self));
      else
        boost::asio::async_write(*layer.below_, boost::asio::buffer(layer.on_the_way_), std::move(self));
    }
  };

  template <class Buffers>
  size_t keep(const Buffers& from) {
    auto before = kept_.size();
    for (auto at = boost::asio::buffer_sequence_begin(from); at != boost::asio::buffer_sequence_end(from); ++at)
      kept_.append(static_cast<const char*>(boost::asio::const_buffer{*at}.data()), boost::asio::const_buffer{*at}.size());
    return kept_.size() - before;
  }

  void begin_write() {
    constexpr size_t large = 256 << 10;
    vanished_ = silent_;
    on_the_way_.clear();
    if (on_the_way_.capacity() > large)
      on_the_way_.shrink_to_fit();
    std::swap(kept_, on_the_way_);
  }

  Stream* below_;
  std::string kept_, on_the_way_;
  bool held_ = false, silent_ = false, vanished_ = false;
};

/// A silent connection is not taken down either: its client sees nothing at all.
template <class Stream, class Handler>
void async_teardown(boost::beast::role_type role, batching_stream<Stream>& layer, Handler&& handler) {
  using boost::beast::websocket::async_teardown;
  if (layer.is_silent())
    boost::asio::post(layer.get_executor(), boost::beast::bind_front_handler(std::forward<Handler>(handler), boost::system::error_code{}));
  else
    async_teardown(role, layer.next_layer(), std::forward<Handler>(handler));
}

} // namespace simapi

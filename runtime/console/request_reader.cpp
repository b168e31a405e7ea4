#include "runtime/console/request_reader.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>

#include <array>

namespace lode {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace std::chrono_literals;

namespace {

constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);
constexpr size_t piece_size = 16 * 1024;

/// Takes of `buffer` what the parser wants. False: it wants more than there is.
bool feed(request_parser& parser, boost::beast::flat_buffer& buffer, boost::system::error_code& failed) {
  if (buffer.size() == 0)
    return false;
  buffer.consume(parser.put(buffer.data(), failed));
  if (failed != http::error::need_more)
    return true;
  failed = {};
  return false;
}

} // namespace

bool request_reader::is_protocol_error(const error_code& failed) {
  return failed.category() == http::make_error_code(http::error::bad_method).category() && failed != http::error::partial_message;
}

asio::awaitable<request_reader::error_code> request_reader::read_more(request_parser& into) {
  const auto space = buffer_.prepare(piece_size);
  auto [failed, size] = co_await from_.read_some(space);
  buffer_.commit(size);
  if (failed == asio::error::eof) {
    if (!into.got_some())
      co_return http::error::end_of_stream;
    error_code ended;
    into.put_eof(ended);
    co_return ended ? ended : error_code{http::error::end_of_stream};
  }
  co_return failed;
}

asio::awaitable<request_reader::error_code> request_reader::read_head(request_parser& into) {
  into.eager(false);
  error_code failed;
  if (buffer_.size() == 0) {
    from_.tcp().expires_after(limits_.silence);
    failed = co_await read_more(into);
  }
  from_.tcp().expires_after(limits_.head);
  while (!failed && !into.is_header_done())
    if (!feed(into, buffer_, failed) && !failed)
      failed = co_await read_more(into);
  co_return failed;
}

asio::awaitable<request_reader::error_code> request_reader::read_body(request_parser& into, uint64_t most) {
  into.eager(true);
  const auto length = std::min(most, into.content_length().value_or(most));
  from_.tcp().expires_after(limits_.body + std::chrono::seconds{length / limits_.body_rate});
  error_code failed;
  while (!failed && !into.is_done())
    if (!feed(into, buffer_, failed) && !failed)
      failed = co_await read_more(into);
  co_return failed;
}

asio::awaitable<void> request_reader::drain() {
  std::array<char, piece_size> waste;
  from_.tcp().expires_after(2s);
  for (size_t seen = 0; seen < (1u << 20);) {
    auto [failed, size] = co_await from_.tcp().async_read_some(asio::buffer(waste), no_throw);
    if (failed)
      break;
    seen += size;
  }
}

} // namespace lode

#include "runtime/http/response_reader.hpp"

#include "runtime/http/content_decoding.hpp"

#include <boost/beast/http/error.hpp>

namespace lode {

namespace http = boost::beast::http;

namespace {

constexpr size_t read_size = 64 << 10;

bool only_informs(unsigned status) {
  return status >= 100 && status < 200 && status != 101;
}

} // namespace

response_reader::response_reader(limits bounds, bool head_only, std::string host)
  : limits_(bounds), head_only_(head_only), host_(std::move(host)) {
  start_parser();
}

void response_reader::start_parser() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser_->body_limit(limits_.body_bytes);
  parser_->eager(true);
  parser_->skip(head_only_);
}

boost::asio::mutable_buffer response_reader::space() {
  return buffer_.prepare(read_size);
}

std::optional<http_error> response_reader::received(size_t count) {
  buffer_.commit(count);
  bytes_ += count;
  while (buffer_.size() > 0) {
    boost::system::error_code failure;
    buffer_.consume(parser_->put(buffer_.data(), failure));
    if (failure == http::error::need_more)
      return std::nullopt;
    if (failure)
      return failed(failure);
    if (!parser_->is_done())
      continue;
    if (!only_informs(parser_->get().result_int()))
      return std::nullopt;
    start_parser();
  }
  return std::nullopt;
}

std::optional<http_error> response_reader::ended() {
  boost::system::error_code failure;
  if (parser_->got_some())
    parser_->put_eof(failure);
  else
    failure = http::error::partial_message;
  return failure ? failed(failure) : std::nullopt;
}

std::optional<http_error> response_reader::failed(boost::system::error_code failure) const {
  auto response = "response of " + host_;
  if (failure == http::error::body_limit)
    return http_error{http_failure::too_large,
                      response + " is larger than " + std::to_string(limits_.body_bytes) + " bytes"};
  if (failure == http::error::header_limit)
    return http_error{http_failure::too_large, response + " has a head of more than "
                                                 + std::to_string(limits_.header_bytes) + " bytes"};
  if (failure == http::error::partial_message || failure == http::error::end_of_stream)
    return http_error{http_failure::truncated, response + " ends before it is complete, after "
                                                 + std::to_string(bytes_) + " bytes"};
  return http_error{http_failure::malformed, response + " is not valid HTTP: " + failure.message()};
}

bool response_reader::can_continue() const {
  return is_done() && buffer_.size() == 0 && parser_->keep_alive() && parser_->get().result_int() != 101;
}

http_result response_reader::take() {
  auto message = parser_->release();
  http_response response;
  response.status = static_cast<int>(message.result_int());
  response.wire_bytes = bytes_;
  std::string encodings;
  for (auto& field : message) {
    response.headers.push_back({std::string{field.name_string()}, std::string{field.value()}});
    if (field.name() == http::field::content_encoding)
      encodings.append(encodings.empty() ? "" : ",").append(response.headers.back().value);
  }
  auto decoded = decode_content(encodings, std::move(message.body()), limits_.body_bytes, host_);
  if (auto error = std::get_if<http_error>(&decoded))
    return std::move(*error);
  response.body = std::get<std::string>(std::move(decoded));
  return response;
}

} // namespace lode

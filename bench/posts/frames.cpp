#include "bench/posts/frames.hpp"

#include <boost/beast/core/detail/base64.hpp>
#include <openssl/sha.h>

#include <stdexcept>

namespace bench {

namespace {

constexpr unsigned char last_piece = 0x80;
constexpr unsigned char masked = 0x80;
constexpr size_t two_byte_head = 4; ///< a head whose length takes two bytes
constexpr size_t most_in_one_byte = 125;
constexpr unsigned char in_two_bytes = 126;

char first_byte(opcode what) {
  return static_cast<char>(last_piece | static_cast<unsigned char>(what));
}

void put_length(char* to, size_t length) {
  to[0] = static_cast<char>(length >> 8);
  to[1] = static_cast<char>(length & 0xff);
}

} // namespace

std::string accept_key(std::string_view key) {
  auto text = std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string out(boost::beast::detail::base64::encoded_size(sizeof digest), ' ');
  out.resize(boost::beast::detail::base64::encode(out.data(), digest, sizeof digest));
  return out;
}

void append_frame(std::string& out, opcode what, std::string_view payload) {
  if (payload.size() > most_in_one_byte)
    throw std::runtime_error{"a frame of " + std::to_string(payload.size()) + " bytes"};
  out += first_byte(what);
  out += static_cast<char>(payload.size());
  out += payload;
}

size_t begin_text(std::string& out) {
  auto begin = out.size();
  out.append(two_byte_head, '\0');
  return begin;
}

void end_text(std::string& out, size_t begin) {
  auto length = out.size() - begin - two_byte_head;
  if (length <= most_in_one_byte || length > 0xffff)
    throw std::runtime_error{"a text of " + std::to_string(length) + " bytes"};
  out[begin] = first_byte(opcode::text);
  out[begin + 1] = static_cast<char>(in_two_bytes);
  put_length(out.data() + begin + 2, length);
}

std::optional<client_frame> take_frame(std::string_view& bytes) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  size_t head = 2;
  if (bytes.size() < head)
    return std::nullopt;
  size_t length = byte(1) & ~masked;
  if (!(byte(0) & last_piece) || !(byte(1) & masked) || length > in_two_bytes)
    throw std::runtime_error{"a frame that is split, not masked, or too long"};
  if (length == in_two_bytes) {
    head = two_byte_head;
    if (bytes.size() < head)
      return std::nullopt;
    length = static_cast<size_t>(byte(2)) << 8 | byte(3);
  }
  constexpr size_t mask_bytes = 4;
  if (bytes.size() < head + mask_bytes + length)
    return std::nullopt;
  client_frame out{static_cast<opcode>(byte(0) & 0x0f), std::string{bytes.substr(head + mask_bytes, length)}};
  for (size_t i = 0; i < length; ++i)
    out.payload[i] = static_cast<char>(out.payload[i] ^ bytes[head + i % mask_bytes]);
  bytes.remove_prefix(head + mask_bytes + length);
  return out;
}

} // namespace bench

#include "runtime/http/content_decoding.hpp"

#include "runtime/http/text.hpp"

#include <zlib.h>

#include <algorithm>

namespace lode {

namespace {

enum class wrapping { gzip, zlib, raw };

/// Owns zlib's state for one stream.
class inflater {
public:
  explicit inflater(wrapping form) {
    // zlib's own encoding of the form: +16 gzip only, negative raw.
    inflateInit2(&stream, form == wrapping::gzip ? MAX_WBITS + 16 : form == wrapping::raw ? -MAX_WBITS : MAX_WBITS);
  }
  inflater(const inflater&) = delete;
  inflater& operator=(const inflater&) = delete;
  ~inflater() { inflateEnd(&stream); }

  z_stream stream{};
};

enum class outcome { complete, too_large, truncated, malformed };

/// Appends the stream that `in` begins with to `out` and removes it from `in`.
outcome inflate_one(std::string_view& in, wrapping form, size_t limit, std::string& out) {
  inflater state{form};
  auto& stream = state.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  for (;;) {
    auto used = out.size();
    // One byte beyond the limit tells "exactly the limit" from "more".
    auto wanted = std::min(limit + 1, std::max<size_t>(used * 2, in.size() * 4 + 1024));
    if (wanted <= used)
      return outcome::too_large;
    out.resize(wanted);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(wanted - used);
    auto code = inflate(&stream, Z_NO_FLUSH);
    out.resize(wanted - stream.avail_out);
    if (out.size() > limit)
      return outcome::too_large;
    if (code == Z_STREAM_END) {
      in.remove_prefix(in.size() - stream.avail_in);
      return outcome::complete;
    }
    if (code != Z_OK && code != Z_BUF_ERROR)
      return outcome::malformed;
    if (stream.avail_in == 0 && stream.avail_out > 0)
      return outcome::truncated;
  }
}

bool only_zeros(std::string_view text) {
  return text.find_first_not_of('\0') == std::string_view::npos;
}

outcome gunzip(std::string_view in, size_t limit, std::string& out) {
  do {
    if (auto result = inflate_one(in, wrapping::gzip, limit, out); result != outcome::complete)
      return result;
  } while (!only_zeros(in)); // some servers pad
  return outcome::complete;
}

bool has_zlib_head(std::string_view in) {
  if (in.size() < 2)
    return true;
  auto first = static_cast<unsigned char>(in[0]), second = static_cast<unsigned char>(in[1]);
  return (first & 15) == Z_DEFLATED && (first * 256 + second) % 31 == 0;
}

outcome undeflate(std::string_view in, size_t limit, std::string& out) {
  auto result = inflate_one(in, has_zlib_head(in) ? wrapping::zlib : wrapping::raw, limit, out);
  return result == outcome::complete && !only_zeros(in) ? outcome::malformed : result;
}

http_error failed(outcome result, std::string_view host, std::string_view encoding, size_t limit) {
  auto message = "response of " + std::string{host} + " in encoding " + std::string{encoding};
  switch (result) {
    case outcome::too_large:
      return {http_failure::too_large, message + " is larger than " + std::to_string(limit) + " bytes decoded"};
    case outcome::truncated:
      return {http_failure::truncated, message + " ends inside its compressed data"};
    default:
      return {http_failure::malformed, message + " does not decode"};
  }
}

} // namespace

std::variant<std::string, http_error> decode_content(std::string_view encodings, std::string body, size_t limit,
                                                     std::string_view host) {
  // An empty body is none in any encoding: servers send the header with Content-Length: 0.
  while (!encodings.empty() && !body.empty()) {
    auto comma = encodings.rfind(',');
    auto encoding = trim(comma == std::string_view::npos ? encodings : encodings.substr(comma + 1));
    encodings = encodings.substr(0, comma == std::string_view::npos ? 0 : comma);
    if (encoding.empty() || equals_ignoring_case(encoding, "identity"))
      continue;
    std::string decoded;
    auto result = outcome::malformed;
    if (equals_ignoring_case(encoding, "gzip") || equals_ignoring_case(encoding, "x-gzip"))
      result = gunzip(body, limit, decoded);
    else if (equals_ignoring_case(encoding, "deflate"))
      result = undeflate(body, limit, decoded);
    else
      return http_error{http_failure::malformed, "response of " + std::string{host} + " has content encoding '"
                                                   + std::string{encoding.substr(0, 32)}
                                                   + "'; only gzip and deflate are understood"};
    if (result != outcome::complete)
      return failed(result, host, encoding, limit);
    body = std::move(decoded);
  }
  return body;
}

} // namespace lode

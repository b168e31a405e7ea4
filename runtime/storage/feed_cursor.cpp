#include "runtime/storage/feed_cursor.hpp"

#include <sodium.h>

#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

constexpr char format_version = 1;
constexpr auto alphabet = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

void put(std::string& out, int64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
}

int64_t get(std::string_view bytes, size_t at) {
  uint64_t out = 0;
  for (size_t i = 0; i < 8; ++i)
    out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<int64_t>(out);
}

caf::error not_a_cursor() {
  return store_error(errc::bad_argument, "this is not a cursor of a change feed: give the text of the `cursor` field of "
                                         "an earlier answer, or none to begin at the start");
}

} // namespace

std::string encode_feed_cursor(const feed_cursor& cursor) {
  std::string bytes(1, format_version);
  put(bytes, cursor.generation);
  for (const auto& [shard, position] : cursor.positions) {
    put(bytes, shard.value);
    put(bytes, position);
  }
  std::string out(sodium_base64_encoded_len(bytes.size(), alphabet), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    alphabet);
  out.pop_back(); // the terminating zero
  return out;
}

caf::expected<feed_cursor> decode_feed_cursor(std::string_view text, int64_t store_generation) {
  std::string bytes(text.size(), '\0');
  size_t length = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                        &length, nullptr, alphabet)
      != 0)
    return not_a_cursor();
  bytes.resize(length);
  if (length < 9 || (length - 9) % 16 != 0 || bytes[0] != format_version)
    return not_a_cursor();
  feed_cursor out{get(bytes, 1), {}};
  if (out.generation != store_generation)
    return store_error(errc::conflict, "this cursor belongs to another generation of the store, which was restored or "
                                       "made anew since: take a cursor of now (after=now), then export the records, and go on from it");
  for (size_t at = 9; at < length; at += 16)
    out.positions[{get(bytes, at)}] = get(bytes, at + 8);
  return out;
}

} // namespace lode

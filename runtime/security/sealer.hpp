#pragma once

#include <caf/expected.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace lode {

/// Seals what must not be readable in the store: secrets, page tokens, kept requests. XSalsa20-Poly1305 (libsodium's
/// secretbox) with one 32-byte key. A sealed blob is bytes, not text: version (1), key id (8), nonce (24), box. Equal
/// texts seal to different blobs. Immutable: one object may be used by many threads; the key is wiped with it.
class sealer {
public:
  static constexpr size_t key_bytes = 32;

  /// `key` is 32 raw bytes. Fails with errc::bad_argument.
  static caf::expected<sealer> from_bytes(std::string_view key);
  /// A file with 64 hexadecimal digits, as random_key_file writes it, or 32 raw bytes. Refuses a file that others than
  /// its owner may read.
  static caf::expected<sealer> from_file(const std::string& path);
  /// 64 hexadecimal digits.
  static caf::expected<sealer> from_hexadecimal(std::string_view digits);

  std::string seal(std::string_view plain) const;
  /// Fails with errc::bad_argument: not a sealed blob, altered, or sealed with another key.
  caf::expected<std::string> open(std::string_view sealed) const;

  /// The id of the key that seals: 16 hexadecimal digits, safe to show.
  std::string key_name() const;

private:
  struct key;
  explicit sealer(std::shared_ptr<const key> by) : key_(std::move(by)) {}
  std::shared_ptr<const key> key_;
};

/// Writes a new random key to `path`, readable by its owner only. Fails with errc::conflict when the file exists: a key
/// that is replaced takes all secrets with it.
caf::error random_key_file(const std::string& path);

} // namespace lode

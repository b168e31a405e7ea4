#pragma once

#include <caf/expected.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lode {

/// Seals what must not be readable in the store: secrets, page tokens, kept requests. XSalsa20-Poly1305 (libsodium's
/// secretbox) with one 32-byte key. A sealed blob is bytes, not text: version (1), key id (8), nonce (24), box. Equal
/// texts seal to different blobs. Immutable: one object may be used by many threads; the keys are wiped with it.
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
  /// An environment variable with 64 hexadecimal digits.
  static caf::expected<sealer> from_environment(const std::string& variable);

  /// A second key that opens what was sealed before the key was changed; new blobs get the first one.
  sealer also_opening(const sealer& former) const;

  std::string seal(std::string_view plain) const;
  /// Fails with errc::bad_argument: not a sealed blob, altered, or sealed with a key that is not here.
  caf::expected<std::string> open(std::string_view sealed) const;

  /// The id of the key that seals: 16 hexadecimal digits, safe to show.
  std::string key_name() const;

private:
  struct key;
  explicit sealer(std::vector<std::shared_ptr<const key>> keys) : keys_(std::move(keys)) {}
  std::vector<std::shared_ptr<const key>> keys_; ///< the first one seals
};

/// Writes a new random key to `path`, readable by its owner only. Fails with errc::conflict when the file exists: a key
/// that is replaced takes all secrets with it.
caf::error random_key_file(const std::string& path);

/// A secret as it may be shown: its last four characters where it has at least 16, else only asterisks.
std::string masked(std::string_view secret);

/// `text` with every occurrence of each of `secrets` (of at least 4 characters) masked, also percent-encoded ones.
std::string without_secrets(std::string text, const std::vector<std::string>& secrets);

} // namespace lode

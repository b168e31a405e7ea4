#pragma once

#include <caf/expected.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lode {

/// A token as it is kept: its BLAKE2b hash of 32 bytes. Tokens are 256 random bits, so no slow hash is needed.
using token_hash = std::array<unsigned char, 32>;

token_hash hash_of_token(std::string_view token);

/// The line of a token file that lets `hash` in: "blake2b:" and 64 hexadecimal digits.
std::string token_line(const token_hash& hash);

/// A new one: "lode_" and 64 hexadecimal digits, so that scanners of secrets can find it.
std::string new_token();

/// The tokens that let in.
class access_tokens {
public:
  access_tokens() = default;
  explicit access_tokens(std::vector<token_hash> hashes) : hashes_(std::move(hashes)) {}

  /// Takes the same time whichever token it is, and whether it is one.
  bool let_in(std::string_view token) const;
  bool empty() const noexcept { return hashes_.empty(); }
  size_t size() const noexcept { return hashes_.size(); }

private:
  std::vector<token_hash> hashes_;
};

/// Lines of `token_line`, at least one; empty lines and those that begin with # are nothing. errc::bad_argument for anything else, a
/// token itself above all; what stands there is not shown.
caf::expected<access_tokens> read_token_file(const std::string& path);

/// Writes the line of a new token into `path`, a new file of its owner's only, or behind what is there if `adds`. Returns the token: it
/// stands nowhere else. errc::conflict: the file exists and nothing is to be added.
caf::expected<std::string> make_token(const std::string& path, bool adds);

} // namespace lode

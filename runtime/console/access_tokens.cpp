#include "runtime/console/access_tokens.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "messages/error.hpp"
#include "messages/type_ids.hpp"
#include "runtime/security/hexadecimal.hpp"

namespace lode {

namespace {

constexpr std::string_view scheme = "blake2b:";
constexpr const char* advice = "; make one with: lode token new FILE (it prints the token and keeps its hash)";

caf::error wrong(errc code, const std::string& what) {
  return caf::make_error(code, what);
}

std::optional<token_hash> hash_in(std::string_view line) {
  token_hash out;
  size_t size = 0;
  if (!line.starts_with(scheme))
    return std::nullopt;
  line.remove_prefix(scheme.size());
  const char* end = nullptr;
  if (line.size() != 2 * out.size() || sodium_hex2bin(out.data(), out.size(), line.data(), line.size(), nullptr, &size, &end) != 0
      || size != out.size())
    return std::nullopt;
  return out;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(" \t\r") + 1);
  line.erase(0, line.find_first_not_of(" \t"));
  return line;
}

} // namespace

token_hash hash_of_token(std::string_view token) {
  token_hash out;
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(token.data()), token.size(), nullptr, 0);
  return out;
}

std::string token_line(const token_hash& hash) {
  return std::string{scheme} + hexadecimal(hash);
}

std::string new_token() {
  std::array<unsigned char, 32> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  return "lode_" + hexadecimal(bytes);
}

bool access_tokens::let_in(std::string_view token) const {
  const auto hash = hash_of_token(token);
  bool is_found = false;
  for (const auto& known : hashes_)
    is_found |= sodium_memcmp(known.data(), hash.data(), hash.size()) == 0;
  return is_found;
}

caf::expected<access_tokens> read_token_file(const std::string& path) {
  std::ifstream file{path};
  if (!file)
    return wrong(errc::bad_argument, path + " cannot be read" + advice);
  std::vector<token_hash> hashes;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    line = trimmed(std::move(line));
    if (line.empty() || line.starts_with('#'))
      continue;
    auto hash = hash_in(line);
    if (!hash)
      return wrong(errc::bad_argument, path + ":" + std::to_string(number) + ": expected \"blake2b:\" and 64 hexadecimal digits, found something "
                                         "else. Tokens themselves are not kept here, only their hashes" + advice);
    hashes.push_back(*hash);
  }
  if (hashes.empty())
    return wrong(errc::bad_argument, path + " holds no token's hash" + advice);
  return access_tokens{std::move(hashes)};
}

caf::expected<std::string> make_token(const std::string& path, bool adds) {
  if (sodium_init() < 0)
    return wrong(errc::internal, "libsodium cannot be initialised");
  const auto how = adds ? O_APPEND : O_EXCL;
  const auto file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0600);
  if (file < 0)
    return errno == EEXIST ? wrong(errc::conflict, path + " exists and is not overwritten: --add keeps its tokens and adds one")
                           : wrong(errc::bad_argument, path + " cannot be written: " + std::strerror(errno));
  auto token = new_token();
  const auto line = token_line(hash_of_token(token)) + "\n";
  const bool is_written = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(file) == 0;
  const auto why = errno;
  if (::close(file) != 0 || !is_written)
    return wrong(errc::bad_argument, path + " cannot be written: " + std::strerror(why));
  return token;
}

} // namespace lode

#include "runtime/security/sealer.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages/type_ids.hpp"
#include "runtime/security/hexadecimal.hpp"

namespace lode {

namespace {

constexpr unsigned char format_version = 1;
constexpr size_t name_bytes = 8;
constexpr size_t head_bytes = 1 + name_bytes + crypto_secretbox_NONCEBYTES;

static_assert(sealer::key_bytes == crypto_secretbox_KEYBYTES);

caf::error refuse(const std::string& why) {
  return caf::make_error(errc::bad_argument, why);
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

std::string hexadecimal_of(std::string_view bytes) {
  return hexadecimal({bytes_of(bytes), bytes.size()});
}

/// 32 bytes from 64 digits, white space at the end allowed; empty when it is something else.
std::string bytes_of_hexadecimal(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  std::string out(sealer::key_bytes, '\0');
  size_t length = 0;
  const bool is_read = text.size() == 2 * sealer::key_bytes
                       && sodium_hex2bin(bytes_of(out), out.size(), text.data(), text.size(), nullptr, &length, nullptr)
                            == 0;
  return is_read && length == out.size() ? out : std::string{};
}

/// Closes a descriptor at the end of its scope.
struct descriptor {
  int number;
  ~descriptor() {
    if (number >= 0)
      ::close(number);
  }
};

} // namespace

struct sealer::key {
  std::array<unsigned char, key_bytes> bytes{};
  std::string name; ///< name_bytes bytes

  explicit key(std::string_view from) {
    std::copy_n(bytes_of(from), key_bytes, bytes.begin());
    // A one-way digest: says which key, nothing about it.
    constexpr std::string_view purpose = "lode key id";
    std::array<unsigned char, crypto_generichash_BYTES_MIN> digest{};
    crypto_generichash(digest.data(), digest.size(), bytes_of(purpose), purpose.size(), bytes.data(), bytes.size());
    name.assign(reinterpret_cast<const char*>(digest.data()), name_bytes);
  }
  ~key() { sodium_memzero(bytes.data(), bytes.size()); }
  key(const key&) = delete;
  key& operator=(const key&) = delete;
};

caf::expected<sealer> sealer::from_bytes(std::string_view bytes) {
  if (sodium_init() < 0)
    return caf::make_error(errc::internal, "libsodium cannot be initialized: no source of randomness");
  if (bytes.size() != key_bytes)
    return refuse("a sealing key has 32 bytes, this one has " + std::to_string(bytes.size()));
  return sealer{std::make_shared<const key>(bytes)};
}

caf::expected<sealer> sealer::from_file(const std::string& path) {
  descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat facts {};
  if (file.number < 0 || ::fstat(file.number, &facts) != 0)
    return refuse("key file " + path + " cannot be read: " + std::strerror(errno));
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return refuse("key file " + path + " may be read by others than its owner: chmod 600 it");
  std::string text(256, '\0');
  auto length = ::read(file.number, text.data(), text.size());
  if (length < 0)
    return refuse("key file " + path + " cannot be read: " + std::strerror(errno));
  text.resize(static_cast<size_t>(length));
  auto key = text.size() == key_bytes ? text : bytes_of_hexadecimal(text);
  sodium_memzero(text.data(), text.size());
  if (key.empty())
    return refuse("key file " + path + " holds " + std::to_string(length)
                  + " bytes, expected 64 hexadecimal digits or 32 raw bytes");
  auto out = from_bytes(key);
  sodium_memzero(key.data(), key.size());
  return out;
}

caf::expected<sealer> sealer::from_hexadecimal(std::string_view digits) {
  auto key = bytes_of_hexadecimal(digits);
  if (key.empty())
    return refuse("the key has " + std::to_string(digits.size()) + " characters, expected 64 hexadecimal digits");
  return from_bytes(key);
}

std::string sealer::key_name() const {
  return hexadecimal_of(key_->name);
}

std::string sealer::seal(std::string_view plain) const {
  std::string out(head_bytes + crypto_secretbox_MACBYTES + plain.size(), '\0');
  out[0] = static_cast<char>(format_version);
  std::copy(key_->name.begin(), key_->name.end(), out.begin() + 1);
  auto* nonce = bytes_of(out) + 1 + name_bytes;
  randombytes_buf(nonce, crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(bytes_of(out) + head_bytes, bytes_of(plain), plain.size(), nonce, key_->bytes.data());
  return out;
}

caf::expected<std::string> sealer::open(std::string_view sealed) const {
  if (sealed.size() < head_bytes + crypto_secretbox_MACBYTES)
    return refuse("this is not a sealed value: it has " + std::to_string(sealed.size()) + " bytes");
  if (static_cast<unsigned char>(sealed[0]) != format_version)
    return refuse("a sealed value of format " + std::to_string(static_cast<unsigned char>(sealed[0]))
                  + ", this program knows format 1");
  const auto name = sealed.substr(1, name_bytes);
  if (name != key_->name)
    return refuse("sealed with key " + hexadecimal_of(name) + ", this node has key " + key_name()
                  + ": configure the key that it was sealed with");
  std::string out(sealed.size() - head_bytes - crypto_secretbox_MACBYTES, '\0');
  const auto* nonce = bytes_of(sealed) + 1 + name_bytes;
  if (crypto_secretbox_open_easy(bytes_of(out), bytes_of(sealed) + head_bytes, sealed.size() - head_bytes, nonce,
                                 key_->bytes.data())
      != 0)
    return refuse("a sealed value was altered: its authentication fails");
  return out;
}

caf::error random_key_file(const std::string& path) {
  if (sodium_init() < 0)
    return caf::make_error(errc::internal, "libsodium cannot be initialized: no source of randomness");
  std::string key(sealer::key_bytes, '\0');
  randombytes_buf(key.data(), key.size());
  auto text = hexadecimal_of(key) + "\n";
  descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (file.number < 0 && errno == EEXIST)
    return caf::make_error(errc::conflict, "key file " + path + " exists: a key is never replaced in place");
  const bool is_written = file.number >= 0
                          && ::write(file.number, text.data(), text.size()) == static_cast<ssize_t>(text.size())
                          && ::fsync(file.number) == 0;
  if (is_written)
    return {};
  const std::string reason = std::strerror(errno);
  if (file.number >= 0)
    ::unlink(path.c_str());
  return refuse("key file " + path + " cannot be written: " + reason);
}

} // namespace lode

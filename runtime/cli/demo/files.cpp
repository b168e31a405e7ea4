#include "runtime/cli/demo/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "runtime/cli/demo/show_options.hpp"

namespace lode::demo {

namespace {

[[noreturn]] void give_up(const std::string& path, const char* what) {
  throw failure{path + ": " + what + ": " + std::strerror(errno)};
}

} // namespace

std::string read_text(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_text(const std::string& path, const std::string& text) {
  auto fresh = path + ".new";
  int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0)
    give_up(fresh, "cannot be made");
  auto is_written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  if (!is_written || std::rename(fresh.c_str(), path.c_str()) != 0)
    give_up(path, "cannot be written");
}

std::string random_key() {
  std::array<unsigned char, 32> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    give_up("getrandom", "no random bytes");
  std::string out;
  for (auto byte : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += {digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

void hold_lock(const std::string& path) {
  int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0)
    give_up(path, "cannot be made");
  if (flock(file, LOCK_EX | LOCK_NB) != 0)
    throw failure{"another lode demo runs with this data; end it, or give this one a folder of its own: --dir DIR (lock: " + path + ")"};
}

} // namespace lode::demo

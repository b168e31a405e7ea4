#include "tests/simapi/journal.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

namespace simapi {
namespace {

std::string read_all(int file, const std::string& path) {
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    auto count = ::read(file, buffer, sizeof buffer);
    if (count < 0)
      throw std::runtime_error("state file " + path + ": cannot read: " + std::strerror(errno));
    if (count == 0)
      return text;
    text.append(buffer, static_cast<size_t>(count));
  }
}

} // namespace

journal::~journal() {
  if (file_ >= 0)
    ::close(file_);
}

std::vector<journal_entry> journal::open(const std::string& path) {
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0)
    throw std::runtime_error("state file " + path + ": cannot open: " + std::strerror(errno));
  auto text = read_all(file_, path);
  std::vector<journal_entry> entries;
  std::string_view rest{text};
  size_t whole = 0;
  while (rest.size() >= 5) {
    auto length = get<uint32_t>(rest);
    if (length == 0 || rest.size() < length)
      break;
    entries.push_back({static_cast<entry_type>(rest[0]), std::string{rest.substr(1, length - 1)}});
    rest.remove_prefix(length);
    whole += 4 + length;
  }
  if (whole < text.size() && ::ftruncate(file_, static_cast<off_t>(whole)) != 0)
    throw std::runtime_error("state file " + path + ": cannot cut off a torn entry: " + std::strerror(errno));
  return entries;
}

void journal::append(entry_type type, std::string_view body) {
  if (file_ < 0)
    return;
  buffer_.clear();
  put(buffer_, static_cast<uint32_t>(body.size() + 1));
  buffer_ += static_cast<char>(type);
  buffer_ += body;
  // A file that cannot be written would make the truth a lie: better to stop.
  for (size_t done = 0; done < buffer_.size();) {
    auto count = ::write(file_, buffer_.data() + done, buffer_.size() - done);
    if (count < 0 && errno != EINTR)
      throw std::runtime_error(std::string{"state file: cannot append: "} + std::strerror(errno));
    done += count > 0 ? static_cast<size_t>(count) : 0;
  }
}

} // namespace simapi

#include "examples/jsonl/line_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace lode::examples {

namespace {

namespace fs = std::filesystem;
constexpr std::string_view ending = ".part";

caf::error failed(std::string_view what, const fs::path& file) {
  const auto reason = std::generic_category().message(errno);
  return caf::make_error(errc::unreachable, "cannot " + std::string{what} + " " + file.string() + ": " + reason);
}

caf::error taken(const fs::path& file) {
  return caf::make_error(errc::conflict, file.string() + " is somebody else's");
}

/// Makes what became of names in a folder outlive a power cut.
caf::error sync_folder(const fs::path& folder) {
  const descriptor file{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!file || ::fsync(file.get()) != 0)
    return failed("sync the folder", folder);
  return {};
}

/// Behind the last line break; -1 when the file cannot be read.
off_t end_of_lines(int file) {
  std::array<char, 64 * 1024> block{};
  auto end = ::lseek(file, 0, SEEK_END);
  while (end > 0) {
    const auto begin = std::max<off_t>(0, end - static_cast<off_t>(block.size()));
    const auto count = ::pread(file, block.data(), static_cast<size_t>(end - begin), begin);
    if (count != end - begin)
      return -1;
    const auto last = std::string_view{block.data(), static_cast<size_t>(count)}.rfind('\n');
    if (last != std::string_view::npos)
      return begin + static_cast<off_t>(last) + 1;
    end = begin;
  }
  return end;
}

} // namespace

descriptor::~descriptor() {
  if (value_ >= 0)
    ::close(value_);
}

caf::expected<line_file> line_file::create(const fs::path& name) {
  const fs::path part = name.string() + std::string{ending};
  line_file made{descriptor{::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640)}, name};
  if (!made.file_)
    return errno == EEXIST ? taken(part) : failed("make", part);
  // Not held: whoever tidies up was quicker. Its name is taken: it was finished before NAME.part was made here, as only then it could be.
  if (!made.is_held())
    return taken(part);
  if (fs::exists(fs::symlink_status(name))) {
    ::unlink(part.c_str());
    return taken(name);
  }
  if (auto error = sync_folder(name.parent_path()))
    return error;
  return made;
}

caf::expected<line_file> line_file::take_over(const fs::path& part) {
  const auto text = part.string();
  line_file found{descriptor{::open(part.c_str(), O_RDWR | O_CLOEXEC)}, text.substr(0, text.size() - ending.size())};
  if (!found.file_)
    return errno == ENOENT ? taken(part) : failed("open", part);
  if (!found.is_held())
    return taken(part);
  const auto end = end_of_lines(found.file_.get());
  if (end < 0)
    return failed("read", part);
  found.size_ = static_cast<uint64_t>(end);
  return found;
}

caf::error line_file::append(std::string_view lines, bool syncs) {
  auto end = size_;
  while (!lines.empty()) {
    const auto count = ::pwrite(file_.get(), lines.data(), lines.size(), static_cast<off_t>(end));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return failed("write", part());
    end += static_cast<uint64_t>(count);
    lines.remove_prefix(static_cast<size_t>(count));
  }
  if (syncs && ::fdatasync(file_.get()) != 0)
    return failed("sync", part());
  size_ = end;
  return {};
}

caf::error line_file::finish() && {
  const auto mine = std::exchange(file_, descriptor{});
  if (size_ == 0)
    return ::unlink(part().c_str()) == 0 ? caf::error{} : failed("remove", part());
  if (::ftruncate(mine.get(), static_cast<off_t>(size_)) != 0 || ::fsync(mine.get()) != 0)
    return failed("cut", part());
  if (::rename(part().c_str(), name_.c_str()) != 0)
    return failed("rename", part());
  return sync_folder(name_.parent_path());
}

fs::path line_file::part() const {
  return name_.string() + std::string{ending};
}

bool line_file::is_held() const {
  struct stat opened {};
  struct stat named {};
  return ::flock(file_.get(), LOCK_EX | LOCK_NB) == 0 && ::fstat(file_.get(), &opened) == 0
         && ::stat(part().c_str(), &named) == 0 && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

} // namespace lode::examples

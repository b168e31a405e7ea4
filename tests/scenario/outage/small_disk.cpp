#include "tests/scenario/outage/small_disk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "tests/support/postgres_fixture.hpp"

namespace lode::test {

namespace {

constexpr const char* options = "size=64m,mode=0700";

std::string failed(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

} // namespace

small_disk::small_disk() : folder_("/tmp/lode-disk.XXXXXX") {
  if (!mkdtemp(folder_.data()))
    throw std::runtime_error{failed("cannot make a folder in /tmp")};
  obstacle_ = make();
}

std::string small_disk::make() {
  if (geteuid() != 0)
    return "a small disk to fill is mounted, which needs root";
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return failed("this machine gives no mount namespace to mount a small disk in");
  if (mount("tmpfs", folder_.c_str(), "tmpfs", 0, options) != 0)
    return failed("a small disk cannot be mounted");
  return "";
}

small_disk::~small_disk() {
  if (obstacle_.empty())
    umount2(folder_.c_str(), MNT_DETACH);
  rmdir(folder_.c_str());
}

void small_disk::take_tables_of(const std::string& dsn) {
  test_session session{dsn};
  auto data = session.link().execute({"data_directory", "SELECT current_setting('data_directory')"});
  struct stat server {};
  if (!data || stat(data->string(0, 0).c_str(), &server) != 0 || chown(folder_.c_str(), server.st_uid, server.st_gid) != 0)
    throw std::runtime_error{failed("the disk cannot be given to the server")};
  session.run("CREATE TABLESPACE small LOCATION '" + folder_ + "'");
  session.run("DO $do$ BEGIN "
              "EXECUTE format('ALTER DATABASE %I SET default_tablespace = small', current_database()); END $do$");
}

void small_disk::fill() {
  static constexpr std::array<char, 4096> block{};
  auto file = open(ballast().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  while (write(file, block.data(), block.size()) > 0) {} // until the disk ends
  auto why = errno;
  close(file);
  errno = why;
  if (why != ENOSPC)
    throw std::runtime_error{failed("the disk cannot be filled")};
}

void small_disk::make_room() {
  if (unlink(ballast().c_str()) != 0)
    throw std::runtime_error{failed("the disk cannot be emptied")};
}

} // namespace lode::test

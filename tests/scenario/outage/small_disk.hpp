#pragma once

#include <string>

namespace lode::test {

/// A disk of a few megabytes that a test can fill: a tmpfs in a mount namespace of this process and its children, so that
/// it ends with them, whatever becomes of the test. Needs root.
class small_disk {
public:
  small_disk();
  ~small_disk();
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

  /// Why there is none; "" when it is there.
  const std::string& obstacle() const noexcept { return obstacle_; }

  /// Puts the tables that this database will get on the disk. Its server must end before the disk does.
  void take_tables_of(const std::string& dsn);
  /// Takes all that is free.
  void fill();
  /// Gives back what fill() took.
  void make_room();

private:
  std::string make();
  std::string ballast() const { return folder_ + "/ballast"; }

  std::string folder_;
  std::string obstacle_;
};

} // namespace lode::test

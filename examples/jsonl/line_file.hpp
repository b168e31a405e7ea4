#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include "messages/type_ids.hpp"

namespace lode::examples {

/// A POSIX file descriptor; closed with the object, which also lets go of its lock.
class descriptor {
public:
  explicit descriptor(int value = -1) noexcept : value_(value) {}
  descriptor(descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~descriptor();

  explicit operator bool() const noexcept { return value_ >= 0; }
  int get() const noexcept { return value_; }

private:
  int value_;
};

/// A file that grows by whole lines and that nobody reads before it is finished:
///
///   create --> NAME.part, locked -- append, append, .. --> finish --> NAME
///                   |  the process dies: the lock is gone
///                   +--> take_over: cut behind its last whole line --> finish --> NAME
///
/// All calls block. Errors name the file and the system's reason.
class line_file {
public:
  /// Makes an empty NAME.part. errc::conflict: the name is taken.
  static caf::expected<line_file> create(const std::filesystem::path& name);
  /// Takes over what an ended process was writing; `part` ends in ".part". errc::conflict: somebody writes it, or has finished it.
  static caf::expected<line_file> take_over(const std::filesystem::path& part);

  /// Bytes of whole lines.
  uint64_t size() const noexcept { return size_; }
  /// Writes at the end; with `syncs` it also outlives a power cut. After an error the file holds what it held before, once it is
  /// finished: nothing else may be done with it.
  caf::error append(std::string_view lines, bool syncs);
  /// Gives the file its name, or removes it when it has no line. After an error NAME.part is there for take_over.
  caf::error finish() &&;

private:
  line_file(descriptor file, std::filesystem::path name) : file_(std::move(file)), name_(std::move(name)) {}
  std::filesystem::path part() const;
  /// Whether the lock on NAME.part is this object's, and NAME.part still is the file that was opened.
  bool is_held() const;

  descriptor file_;
  std::filesystem::path name_;
  uint64_t size_ = 0;
};

} // namespace lode::examples

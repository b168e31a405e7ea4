#pragma once

#include <caf/error.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "config/units.hpp"
#include "examples/jsonl/line_file.hpp"

namespace lode::examples {

struct jsonl_settings {
  std::filesystem::path folder; ///< there already: one that is made when a disk is not mounted would hide that
  byte_count rotate_bytes = 64_MiB;
  std::chrono::milliseconds rotate_every{std::chrono::hours{1}};
  bool syncs = true; ///< without it a power cut may take what was acknowledged
};

/// The files of one sink on one node: WHO-START-N.jsonl, one after the other. Processes that share the folder never write the same one.
/// What is being written is finished with the object.
class change_files {
public:
  /// `who` is the sink and the node; what is no letter, digit, '.', '_' or '-' becomes '_'.
  change_files(jsonl_settings settings, std::string who);
  ~change_files();

  /// Finishes what ended processes have left. The error is the last one; all are tried.
  caf::error take_up();
  /// Adds whole lines. After an error none of them is there, unless the disk does not even let them be cut off again.
  caf::error append(std::string_view lines);
  /// Readers get what there is; the next lines begin a new file.
  caf::error finish();

private:
  caf::error open();

  jsonl_settings settings_;
  std::string who_;
  std::string started_;
  uint32_t count_ = 0;
  std::optional<line_file> file_;
};

} // namespace lode::examples

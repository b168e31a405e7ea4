#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/cli/demo/show_options.hpp"

namespace lode::demo {

/// What is different from node to node, and from start to start.
struct node_settings {
  std::string name;
  std::string dsn, redis_url;
  uint16_t port = 0; ///< of its API
};

/// Where things are: the show's folder, and the programs and files that came with this one.
class workplace {
public:
  /// Makes the folder, holds its lock, finds the tools. Throws failure that says what is missing.
  explicit workplace(const show_options& options);

  const std::string& folder() const noexcept { return folder_; }
  std::string in(const std::string& name) const { return folder_ + "/" + name; }
  const std::string& servers_script() const noexcept { return servers_; }
  std::string servers_folder() const { return in("servers"); }
  /// A program beside this one.
  std::string program(const std::string& name) const;
  const std::string& own_program() const noexcept { return own_program_; }
  /// The example source of this name.
  std::string source(const std::string& name) const;

  /// What all nodes need, made where it is not there: the key that seals secrets, the cluster's authority.
  void make_cluster_files() const;
  /// DIR/NAME.yaml for a node, and its certificate where there is none. Readable for this user only.
  void write_settings(const node_settings& node) const;
  /// Deletes what a former show kept, but for its log files' folder itself.
  void clear() const;

private:
  void run_lode(const std::vector<std::string>& arguments) const;

  std::string folder_, own_program_, programs_, servers_, sources_;
};

/// A port of the loopback that is free at this moment.
uint16_t free_port();

} // namespace lode::demo

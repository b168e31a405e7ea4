#pragma once

#include <cstdint>
#include <string>

namespace lode {

/// What the kernel says of this process. A figure that cannot be read is 0.
struct process_figures {
  int64_t resident_bytes = 0;
  int64_t virtual_bytes = 0;
  double cpu_seconds = 0; ///< of all threads, in user and system mode
  int64_t open_fds = 0;
  int64_t max_fds = 0;
  int64_t threads = 0;
  double started = 0; ///< seconds since 1970
};

process_figures read_process_figures();

/// In Prometheus' text form, under the names that every client library uses.
std::string prometheus_text(const process_figures& figures);

/// `lode_build_info{version="..."} 1`
std::string build_info_text(const std::string& version);

} // namespace lode

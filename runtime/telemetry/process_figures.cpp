#include "runtime/telemetry/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/telemetry/metric_names.hpp"
#include "runtime/telemetry/prometheus_text.hpp"

namespace lode {

namespace {

namespace names = metric_names;

std::string text_of(const char* path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// When the machine was started, in seconds since 1970.
double boot_time() {
  std::istringstream lines{text_of("/proc/stat")};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("btime "))
      return std::strtod(line.c_str() + 6, nullptr);
  return 0;
}

/// Of /proc/self/stat the fields behind the program's name, which may hold anything; the first of them is field 3.
void read_stat(process_figures& into) {
  const auto text = text_of("/proc/self/stat");
  const auto end = text.rfind(')');
  if (end == std::string::npos)
    return;
  std::istringstream fields{text.substr(end + 1)};
  std::string field;
  for (int number = 3; fields >> field && number <= 24; ++number) {
    const auto value = std::strtod(field.c_str(), nullptr);
    if (number == 20)
      into.threads = static_cast<int64_t>(value);
    else if (number == 22)
      into.started = boot_time() + value / static_cast<double>(sysconf(_SC_CLK_TCK));
    else if (number == 23)
      into.virtual_bytes = static_cast<int64_t>(value);
    else if (number == 24)
      into.resident_bytes = static_cast<int64_t>(value) * sysconf(_SC_PAGESIZE);
  }
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

} // namespace

process_figures read_process_figures() {
  process_figures out;
  read_stat(out);
  rusage used{};
  if (getrusage(RUSAGE_SELF, &used) == 0)
    out.cpu_seconds = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
  std::error_code failed;
  for (std::filesystem::directory_iterator at{"/proc/self/fd", failed}, end; !failed && at != end; at.increment(failed))
    ++out.open_fds;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
    out.max_fds = static_cast<int64_t>(limit.rlim_cur);
  return out;
}

std::string prometheus_text(const process_figures& figures) {
  prometheus_writer out;
  auto one = [&](const char* name, const char* help, const char* type, auto value) {
    out.family(name, help, type);
    out.sample(name, "", value);
  };
  one(names::process_cpu, "CPU time of all threads of the process, user and system.", "counter", figures.cpu_seconds);
  one(names::process_resident, "Memory of the process that is in RAM.", "gauge", figures.resident_bytes);
  one(names::process_virtual, "Address space of the process.", "gauge", figures.virtual_bytes);
  one(names::process_open_fds, "File descriptors that are open.", "gauge", figures.open_fds);
  one(names::process_max_fds, "File descriptors that may be open.", "gauge", figures.max_fds);
  one(names::process_threads, "Threads of the process.", "gauge", figures.threads);
  one(names::process_started, "When the process was started, since 1970.", "gauge", figures.started);
  return out.take();
}

std::string build_info_text(const std::string& version) {
  prometheus_writer out;
  out.family(names::build_info, "Always 1; the label says which version this is.", "gauge");
  out.sample(names::build_info, "{" + label_text(names::version_label, version) + "}", int64_t{1});
  return out.take();
}

} // namespace lode

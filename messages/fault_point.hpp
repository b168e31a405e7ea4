#pragma once

#ifdef LODE_FAULT_POINTS
#  include <signal.h>
#  include <unistd.h>

#  include <algorithm>
#  include <atomic>
#  include <cstdlib>
#  include <string>
#  include <string_view>
#endif

/// Named places at which tests make a node die or misbehave. Release builds hold nothing of them.
namespace lode {

#ifdef LODE_FAULT_POINTS

/// What the environment says of one fault point: LODE_FAULT="NAME[:SKIP]" hits `NAME` after SKIP passes; several are
/// separated by commas.
class fault_point {
public:
  explicit fault_point(std::string_view name) {
    const char* text = std::getenv("LODE_FAULT");
    std::string_view rest = text ? text : "";
    while (!rest.empty()) {
      auto entry = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
      auto colon = entry.find(':');
      if (entry.substr(0, colon) != name)
        continue;
      is_set_ = true;
      if (colon != entry.npos)
        skip_ = std::atol(std::string{entry.substr(colon + 1)}.c_str());
    }
  }

  /// Whether this pass is hit; once hit, all later passes are.
  bool hits() noexcept { return is_set_ && skip_.fetch_sub(1) <= 0; }

private:
  bool is_set_ = false;
  std::atomic<long> skip_{0};
};

/// True when the fault point is set and due. Used for deliberate breakage.
#  define LODE_FAULT(name)                                                                                             \
    ([]() -> bool {                                                                                                    \
      static ::lode::fault_point point{name};                                                                          \
      return point.hits();                                                                                             \
    }())
/// The process ends here as by kill -9.
#  define LODE_DIE_AT(name)                                                                                            \
    do {                                                                                                               \
      if (LODE_FAULT(name))                                                                                            \
        ::kill(::getpid(), SIGKILL);                                                                                   \
    } while (false)

#else
#  define LODE_FAULT(name) false
#  define LODE_DIE_AT(name)                                                                                            \
    do {                                                                                                               \
    } while (false)
#endif

} // namespace lode

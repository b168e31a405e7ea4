#pragma once

#ifdef LODE_FAULT_POINTS
#  include <signal.h>
#  include <unistd.h>

#  include <algorithm>
#  include <atomic>
#  include <cstdlib>
#  include <limits>
#  include <optional>
#  include <stdexcept>
#  include <string>
#  include <string_view>
#endif

/// Named places at which tests make a node die or misbehave. Release builds hold nothing of them.
namespace lode {

#ifdef LODE_FAULT_POINTS

/// What the environment says of one fault point: LODE_FAULT="NAME[:SKIP[:TIMES]]" hits `NAME` after SKIP passes, TIMES
/// times (else all later passes); "NAME=TEXT" whenever what it looks at contains TEXT; several are separated by commas.
class fault_point {
public:
  explicit fault_point(std::string_view name) {
    const char* text = std::getenv("LODE_FAULT");
    std::string_view rest = text ? text : "";
    while (!rest.empty()) {
      auto entry = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
      auto end = std::min(entry.find_first_of(":="), entry.size());
      if (entry.substr(0, end) != name)
        continue;
      is_set_ = true;
      if (entry.substr(end, 1) == "=") {
        text_ = entry.substr(end + 1);
        continue;
      }
      skip_ = number_after(entry, 1).value_or(0);
      times_ = number_after(entry, 2).value_or(times_);
    }
  }

  /// Whether this pass is hit.
  bool hits() noexcept {
    if (!is_set_)
      return false;
    auto left = skip_.fetch_sub(1);
    return left <= 0 && left > -times_;
  }
  bool hits_on(std::string_view content) const noexcept { return is_set_ && content.find(text_) != content.npos; }

private:
  static std::optional<long> number_after(std::string_view entry, int colons) {
    for (; colons > 0; --colons) {
      auto colon = entry.find(':');
      if (colon == entry.npos)
        return std::nullopt;
      entry.remove_prefix(colon + 1);
    }
    return std::atol(std::string{entry}.c_str());
  }

  bool is_set_ = false;
  std::string text_;
  std::atomic<long> skip_{0};
  long times_ = std::numeric_limits<long>::max();
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
/// The same for every content that holds the text which the fault point was given.
#  define LODE_DIE_ON(name, content)                                                                                   \
    do {                                                                                                               \
      static const ::lode::fault_point point{name};                                                                    \
      if (point.hits_on(content))                                                                                      \
        ::kill(::getpid(), SIGKILL);                                                                                   \
    } while (false)
/// The actor ends here by a defect.
#  define LODE_THROW_AT(name)                                                                                          \
    do {                                                                                                               \
      if (LODE_FAULT(name))                                                                                            \
        throw std::runtime_error{"fault point " name};                                                                 \
    } while (false)

#else
#  define LODE_FAULT(name) false
#  define LODE_DIE_AT(name)                                                                                            \
    do {                                                                                                               \
    } while (false)
#  define LODE_DIE_ON(name, content)                                                                                   \
    do {                                                                                                               \
    } while (false)
#  define LODE_THROW_AT(name)                                                                                          \
    do {                                                                                                               \
    } while (false)
#endif

} // namespace lode

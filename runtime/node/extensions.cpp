#include "runtime/node/extensions.hpp"

namespace lode {

extensions builtin_extensions() {
  return {builtin_miners(), builtin_steps(), builtin_listeners(), builtin_sinks(), builtin_schedules()};
}

} // namespace lode

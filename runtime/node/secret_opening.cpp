#include "runtime/node/secret_opening.hpp"

#include <chrono>

#include "messages/error.hpp"
#include "messages/type_ids.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

secret_opener make_secret_opener(const sealer& seal) {
  using clock = std::chrono::steady_clock;
  return [&seal, quiet_until = clock::time_point{}](std::string_view text) mutable -> caf::expected<std::string> {
    auto opened = seal.open(text);
    if (opened || !seal.is_foreign(text))
      return opened;
    auto why = message_of(opened.error());
    if (clock::now() >= quiet_until) {
      quiet_until = clock::now() + std::chrono::minutes{1};
      log_warning("secrets in the store cannot be read, their connections wait: " + why);
    }
    return caf::make_error(errc::store_unavailable, std::move(why));
  };
}

} // namespace lode

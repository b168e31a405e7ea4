#pragma once

#include <functional>

#include "runtime/security/sealer.hpp"

namespace lode {

using secret_opener = std::function<caf::expected<std::string>(std::string_view)>;

/// Opens secrets of connections for mining. What another key sealed says that this node's key, or what was put into the store, is wrong,
/// nothing of the connection: errc::store_unavailable, so that it stays due, and a warning, at most one a minute. `seal` outlives it; used
/// by one thread.
secret_opener make_secret_opener(const sealer& seal);

} // namespace lode

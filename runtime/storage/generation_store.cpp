#include "runtime/storage/generation_store.hpp"

#include "runtime/storage/store_error.hpp"

namespace lode {

caf::error doubted_store(const std::string& why) {
  return store_error(errc::conflict, "the database lacks what it had said was committed: " + why
                                       + ". It was restored from a backup, or failed over to a stand-by that lacked commits: "
                                         "stop all nodes, run `lode restored`, then start them (docs/operations.md)");
}

} // namespace lode

#include "runtime/storage/run_store.hpp"

#include "runtime/storage/store_error.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

caf::error check_command_id(const std::string& id) {
  constexpr size_t limit = 64;
  if (!id.empty() && id.size() <= limit && is_storable_text(id))
    return {};
  return store_error(errc::bad_argument, "the id of a command is 1 to 64 bytes of UTF-8 text; this one has "
                                           + std::to_string(id.size()) + (id.size() <= limit ? " that are no text" : ""));
}

caf::error check_once(const once_only& once) {
  return once.id.empty() ? caf::error{} : check_command_id(once.id);
}

} // namespace lode

#include "runtime/storage/store_error.hpp"

#include "messages/type_ids.hpp"

namespace lode {

caf::error store_error(errc code, std::string message) {
  return caf::make_error(code, std::move(message));
}

errc code_of(const caf::error& error) {
  if (!error)
    return errc::none;
  if (error.category() != caf::type_id_v<errc>)
    return errc::internal;
  return static_cast<errc>(error.code());
}

} // namespace lode

#include "runtime/extraction/failure.hpp"

#include "messages/type_ids.hpp"

namespace lode {

caf::error failed(errc code, std::string message) {
  return caf::make_error(code, std::move(message));
}

caf::error bad_template(std::string_view what, const expression::failure& why) {
  return failed(errc::bad_source, std::string{what} + ": " + why.message);
}

} // namespace lode

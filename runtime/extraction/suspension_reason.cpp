#include "runtime/extraction/suspension_reason.hpp"

#include "messages/type_ids.hpp"

namespace lode {

std::string suspension_reason(const caf::error& why) {
  auto text = message_of(why);
  if (why == errc::bad_source)
    text += ". Put the connection right (lode connection put) or its source (lode source put)";
  return text;
}

} // namespace lode

#include "runtime/extraction/continuation_codec.hpp"

#include "runtime/extraction/failure.hpp"

namespace lode {

caf::expected<std::string> continuation_codec::encode(const wire::continuation_state& state) const {
  return seal_(state.SerializeAsString());
}

caf::expected<wire::continuation_state> continuation_codec::decode(std::string_view sealed) const {
  wire::continuation_state state;
  if (sealed.empty())
    return state;
  auto opened = open_(sealed);
  if (!opened)
    return std::move(opened.error());
  if (!state.ParseFromString(*opened))
    return failed(errc::internal, "a continuation's state of " + std::to_string(opened->size())
                                    + " bytes is no wire::continuation_state");
  return state;
}

} // namespace lode

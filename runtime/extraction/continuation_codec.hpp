#pragma once

#include <caf/expected.hpp>

#include <functional>
#include <string>
#include <string_view>

#include "messages/wire/continuation.pb.h"

namespace lode {

/// Turns continuation states into what the store keeps and back. Next links carry credentials, so they are sealed;
/// the two functions are the sealer's.
class continuation_codec {
public:
  using transform = std::function<caf::expected<std::string>(std::string_view)>;

  continuation_codec(transform seal, transform open) : seal_(std::move(seal)), open_(std::move(open)) {}

  caf::expected<std::string> encode(const wire::continuation_state& state) const;
  /// "" is the state of a slice that has not begun. Fails with errc::internal when the text was sealed with another
  /// key or is no state.
  caf::expected<wire::continuation_state> decode(std::string_view sealed) const;

private:
  transform seal_;
  transform open_;
};

} // namespace lode

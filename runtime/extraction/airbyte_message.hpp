#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/expression/value.hpp"

namespace lode {

/// What an Airbyte state says of one stream: its `stream_state`, as it stands there.
struct airbyte_stream_state {
  std::string stream;
  expression::value state;
};

/// Takes a STATE of Airbyte apart, whichever of its forms it has: the list of stream states that connectors are given,
/// the one that Airbyte's connection settings show (`streamDescriptor`), the legacy object of streams, one STATE message,
/// or a connector's output, one message per line, of which only STATE counts. Of several states of one stream the last
/// counts. Fails with errc::bad_argument: what was found, what was expected.
caf::expected<std::vector<airbyte_stream_state>> read_airbyte_messages(std::string_view text);

} // namespace lode

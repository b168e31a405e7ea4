#pragma once

#include <functional>

#include "runtime/manifest/lode_extension.hpp"

namespace lode {

class component;
template <class T>
class registry;

/// What a kind of miner is made from when its source is loaded.
struct miner_request {
  const component& settings; ///< the map below the miner's name; mistakes are told with settings.error(message, key)
};

/// Makes the page protocol of one stream, or nothing after it has told what is wrong.
using miner_factory = std::function<page_protocol_pointer(const miner_request&)>;
/// Named by `x-lode.miner` of a stream: NAME, or {NAME: {settings}}.
using miner_registry = registry<miner_factory>;

} // namespace lode

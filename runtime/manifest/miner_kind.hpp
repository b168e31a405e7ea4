#pragma once

#include <concepts>
#include <functional>
#include <utility>

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

/// What of a retriever a kind of miner uses. The rest beside it in a manifest would be passed over in silence, so it is a mistake that is
/// told at its line. What is not named here is used by all: URL, parameters, headers, credentials, slices, error rules, the record_filter.
struct used_parts {
  bool paginator = false;   ///< build_request() puts its options, next_page() follows it; next_link_hosts are of it
  bool extractor = false;   ///< of the record_selector: where the records of a page are
  bool request_body = true; ///< and http_method: build_request() makes both
};

/// Of default_miner.
inline constexpr used_parts every_part{true, true, true};

/// A kind of miner: its factory, and which parts it uses where these are not the usual ones.
struct miner_kind {
  template <std::convertible_to<miner_factory> Factory>
  miner_kind(Factory make, used_parts uses = {}) : make(std::move(make)), uses(uses) {}

  miner_factory make;
  used_parts uses;
};

/// Named by `x-lode.miner` of a stream: NAME, or {NAME: {settings}}.
using miner_registry = registry<miner_kind>;

} // namespace lode

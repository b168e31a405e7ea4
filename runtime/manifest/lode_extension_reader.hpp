#pragma once

#include "runtime/manifest/component.hpp"
#include "runtime/manifest/field_readers.hpp"
#include "runtime/manifest/manifest_setup.hpp"

namespace lode {

/// Reads the `x-lode` block of a stream with this key. Every mistake becomes a note that names the key, what was
/// found and what is allowed; the field then keeps its default.
lode_extension read_lode_extension(const component& stream, const std::vector<field_path>& primary_key,
                                   const manifest_setup& setup);

/// What the kind of miner of this name uses; all where there is none, for that is another mistake.
used_parts parts_used_by(const std::string& miner, const manifest_setup& setup);

} // namespace lode

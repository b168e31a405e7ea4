#pragma once

#include <memory>
#include <vector>

#include "runtime/manifest/component.hpp"
#include "runtime/manifest/live_plan.hpp"
#include "runtime/manifest/manifest_setup.hpp"

/// `x-lode.live` -> plan; internal to this folder.
namespace lode {

/// The `live` block of an `x-lode` block; null when there is none. Every mistake becomes a note.
std::shared_ptr<const stream_live> read_live(const component& block, const manifest_setup& setup);

/// What live capture needs of the stream around it, and what it fills in from there (key and order format of deletes).
void fit_live(const component& stream, stream_plan& plan);

/// Streams that name the same listener with the same settings share it. Mistakes go to `notes`.
std::vector<live_plan> group_live(const std::vector<stream_plan>& streams, const std::string& file, std::vector<diagnostic>& notes);

// -- live_settings_reader.cpp ----------------------------------------------------------------------------------------------

/// `{field: [path]}` or `{header: NAME}`, of a component that may have other keys beside; reports what is neither.
live_place read_place(const component& from);
/// One condition or a list of them.
live_conditions read_conditions(const component& from, std::string_view name);

} // namespace lode

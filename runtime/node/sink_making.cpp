#include "runtime/node/sink_making.hpp"

#include <caf/all.hpp>

#include "actors/streaming/sink_file.hpp"
#include "runtime/node/reports.hpp"

namespace lode {

namespace {

/// Of the stored text, which may be of a time at which this program knew other kinds.
caf::expected<sink_actor> make_sink(caf::actor_system& system, const sink_row& row, mining_resources& resources) {
  auto text = resources.seal->open(row.sealed);
  if (!text)
    return text.error();
  auto file = read_sink_file(row.name, *text, resources.known->sinks);
  if (!file.is_usable()) {
    std::string why = "node " + resources.config.node.name + " cannot make it";
    for (const auto& note : file.notes)
      why += "; " + to_string(note);
    return caf::make_error(errc::bad_source, why);
  }
  try {
    auto made = file.spawn(system, sink_job{row.name, resources.config.node.name, resources.http});
    if (made)
      resources.census.count(made);
    return made;
  } catch (const std::exception& problem) {
    return caf::make_error(errc::bad_source, std::string{problem.what()});
  } catch (...) {
    return caf::make_error(errc::bad_source, "its kind threw what is no std::exception");
  }
}

std::string name_of(const sink_actor& sink) {
  auto* named = dynamic_cast<caf::local_actor*>(caf::actor_cast<caf::abstract_actor*>(sink));
  return named ? named->name() : "";
}

} // namespace

courier_parts courier_parts_of(mining_resources& resources, timers_actor timers) {
  courier_parts parts;
  parts.store = resources.open_sinks();
  parts.timers = std::move(timers);
  parts.held = &resources.held;
  parts.make_sink = [&resources](caf::actor_system& system, const sink_row& row) {
    return make_sink(system, row, resources);
  };
  parts.sink_died = [&resources](const sink_actor& sink) { resources.census.restarted(name_of(sink)); };
  parts.report = delivery_report(resources);
  return parts;
}

sink_summary inspect_sink(const std::string& name, const std::string& text, const sink_registry& known) {
  auto file = read_sink_file(name, text, known);
  return {std::move(file.notes), bool{file.spawn}, std::move(file.kind), std::move(file.streams), file.from_now};
}

} // namespace lode

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/streaming/sink_registry.hpp"
#include "messages/streaming.hpp"
#include "runtime/manifest/component.hpp"
#include "runtime/manifest/yaml_reader.hpp"

namespace lode::test {

/// A sink as its settings make it.
struct built_sink {
  sink_spawner spawn;
  std::string mistakes; ///< a line each
};

/// `yaml` is the map below the kind's name.
inline built_sink build_sink(const sink_factory& make, std::string_view yaml) {
  compilation into{"sink.yaml", {}, {}};
  built_sink out;
  const auto settings = read_yaml(yaml, into.file, into.notes);
  out.spawn = make({component{into, settings, "#"}});
  for (const auto& note : into.notes)
    out.mistakes += to_string(note) + "\n";
  return out;
}

/// A change of `key` in the connection main of acme.
inline delivered_change change_of(int64_t seq, std::string key, std::string record = R"({"id":1})") {
  delivered_change out;
  out.seq = seq;
  out.tenant = "acme";
  out.connection = "main";
  out.source = "crm";
  out.stream = "contacts";
  out.kind = change_kind::updated;
  out.key = std::move(key);
  out.payload = std::move(record);
  out.hash = {1, static_cast<uint64_t>(seq)};
  out.committed = instant{std::chrono::sys_days{std::chrono::year{2026} / 1 / 31}};
  return out;
}

/// The changes `first` to `last` of a shard, each of a key of its own.
inline deliver_changes batch_of(int64_t shard, int64_t first, int64_t last) {
  deliver_changes out{5, shard_id{shard}, {}};
  for (auto seq = first; seq <= last; ++seq)
    out.changes.push_back(change_of(seq, "key-" + std::to_string(seq)));
  return out;
}

} // namespace lode::test

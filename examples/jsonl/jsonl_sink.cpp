#include "examples/jsonl/jsonl_sink.hpp"

#include <caf/all.hpp>

#include "config/text_values.hpp"
#include "examples/change_json/change_json.hpp"
#include "runtime/manifest/component.hpp"
#include "runtime/manifest/field_readers.hpp"

namespace lode::examples {

namespace {

void read_bytes(const component& from, std::string_view name, byte_count& out) {
  if (!from.has(name))
    return;
  const auto bytes = setting_text::parse_bytes(from.text(name));
  if (!bytes || bytes->value == 0)
    return from.error("expected a size such as 64MiB or 1GiB, found " + describe(*from.field(name)), name);
  out = *bytes;
}

} // namespace

sink_spawner make_jsonl_sink(const sink_request& request) {
  const auto& from = request.settings;
  from.refuse_unknown({"folder", "rotate_bytes", "rotate_every", "fsync"});
  jsonl_settings settings;
  settings.folder = from.text("folder");
  if (!settings.folder.is_absolute())
    from.error("expected an absolute path of a folder that is there on every node, such as /var/lib/lode/changes",
               "folder");
  read_bytes(from, "rotate_bytes", settings.rotate_bytes);
  read_span_field(from, "rotate_every", std::chrono::seconds{1}, [&](auto span) { settings.rotate_every = span; });
  settings.syncs = from.flag("fsync", true);
  return [settings](caf::actor_system& system, const sink_job& job) -> sink_actor {
    return system.spawn<jsonl_sink, caf::detached>(settings, job.sink + "-" + job.node);
  };
}

std::string lines_of(const deliver_changes& batch) {
  const auto head =
    R"({"generation":)" + std::to_string(batch.generation) + R"(,"shard":)" + to_string(batch.shard) + ",";
  std::string lines;
  for (const auto& change : batch.changes)
    lines += head + members_of(change) + "}\n";
  return lines;
}

jsonl_sink_state::jsonl_sink_state(sink_actor::pointer self, const jsonl_settings& settings, const std::string& who)
    : self(self), rotate_every(settings.rotate_every), files(settings, who) {}

sink_actor::behavior_type jsonl_sink_state::make_behavior() {
  std::ignore = files.take_up(); // the first batch tries again, and tells
  rotate_in_time();
  return {
    [this](const deliver_changes& batch) -> caf::result<size_t> {
      if (auto error = files.append(lines_of(batch)))
        return error;
      return batch.changes.size();
    },
  };
}

void jsonl_sink_state::rotate_in_time() {
  self->run_delayed(rotate_every, [this] {
    std::ignore = files.finish(); // taken up before the next file begins, which tells
    rotate_in_time();
  });
}

} // namespace lode::examples

#include <caf/all.hpp>

#include <fstream>

#include "runtime/cli/program.hpp"
#include "runtime/manifest/component.hpp"

/// `lode` with one more kind of sink: `lines` appends "TENANT SOURCE/STREAM SEQ KEY PAYLOAD" to a file.
namespace {

struct lines_sink_state {
  static constexpr const char* name = "lode.sink.lines";
  lines_sink_state(lode::sink_actor::pointer, std::string file) : file(std::move(file)) {}

  lode::sink_actor::behavior_type make_behavior() {
    return {[this](const lode::deliver_changes& batch) -> caf::result<size_t> {
      std::ofstream out{file, std::ios::app};
      for (const auto& change : batch.changes)
        out << change.tenant << ' ' << change.source << '/' << change.stream << ' ' << change.seq << ' ' << change.key
            << ' ' << change.payload << '\n';
      out.flush();
      if (!out)
        return caf::make_error(lode::errc::unreachable, file + " cannot be written");
      return batch.changes.size();
    }};
  }

  std::string file;
};
using lines_sink = lode::sink_actor::stateful_impl<lines_sink_state>;

lode::sink_spawner make_lines_sink(const lode::sink_request& request) {
  request.settings.refuse_unknown({"file"});
  auto file = request.settings.text("file");
  if (file.empty())
    request.settings.error("is missing: the file to append to", "file");
  return [file](caf::actor_system& system, const lode::sink_job&) -> lode::sink_actor {
    return system.spawn<lines_sink>(file);
  };
}

} // namespace

int main(int argc, char** argv) {
  auto known = lode::builtin_extensions();
  if (auto taken = known.sinks.add("lines", make_lines_sink))
    return 1;
  return lode::run_program(argc, argv, known);
}

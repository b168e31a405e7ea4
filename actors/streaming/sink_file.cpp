#include "actors/streaming/sink_file.hpp"

#include <algorithm>
#include <exception>

#include "config/text_values.hpp"
#include "runtime/manifest/component.hpp"
#include "runtime/manifest/yaml_reader.hpp"

namespace lode {

namespace {

constexpr std::string_view streams_key = "streams";
constexpr std::string_view from_key = "from";

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names)
    out += (out.empty() ? "" : ", ") + name;
  return out.empty() ? "none; this program was built without any" : out;
}

std::string no_such_kind(const std::string& key, const sink_registry& known) {
  auto keys = known.names();
  const auto kinds = joined(keys);
  for (const auto other : {streams_key, from_key})
    keys.emplace_back(other);
  const auto meant = setting_text::nearest_name(key, keys);
  return "'" + key + "' is neither a sink kind (known: " + kinds + ") nor streams or from" + (meant.empty() ? "" : "; did you mean '" + meant + "'?");
}

/// The one key that is a kind's name; "" after it has told what is wrong.
std::string kind_in(const component& file, const sink_registry& known) {
  std::string kind;
  for (const auto& [key, value] : file.node().entries) {
    if (key == streams_key || key == from_key)
      continue;
    if (!known.find(key))
      file.error(no_such_kind(key, known), key);
    else if (!kind.empty())
      file.error("a sink has one kind, and there are '" + kind + "' and '" + key + "'", key);
    else
      kind = key;
  }
  if (kind.empty() && std::ranges::none_of(file.node().entries, [](const auto& each) {
        return each.first != streams_key && each.first != from_key;
      }))
    file.error("its kind is missing: a key with its settings below; known: " + joined(known.names()));
  return kind;
}

std::vector<std::string> streams_in(const component& file) {
  auto streams = file.texts(streams_key);
  if (file.has(streams_key) && streams.empty())
    file.error("no stream is named: leave `streams` out for all of them", streams_key);
  for (const auto& each : streams)
    if (each != "*" && each.find('/') == std::string::npos)
      file.error("'" + each + "' is no SOURCE/STREAM; * stands for anything, as in crm/*", streams_key);
  return streams;
}

bool from_now_in(const component& file) {
  const auto from = file.text(from_key, "start");
  if (from != "start" && from != "now")
    file.error("'" + from + "' is neither start nor now", from_key);
  return from == "now";
}

/// Factories are users' code.
sink_spawner made_by(const sink_factory& factory, const component& settings) {
  try {
    return factory(sink_request{settings});
  } catch (const std::exception& problem) {
    settings.error(problem.what());
    return {};
  } catch (...) {
    settings.error("the kind threw what is no std::exception");
    return {};
  }
}

} // namespace

sink_file read_sink_file(const std::string& name, const std::string& text, const sink_registry& known) {
  compilation into{name + ".yaml", {}, {}};
  sink_file out;
  if (auto root = read_yaml(text, into.file, into.notes)) {
    component file{into, root, "#"};
    if (root->is != manifest_node::shape::map) {
      file.error("this is no map: write the sink's kind as a key, its settings below");
    } else {
      out.streams = streams_in(file);
      out.from_now = from_now_in(file);
      out.kind = kind_in(file, known);
      if (!out.kind.empty()) {
        const auto settings = root->find(out.kind);
        auto empty = std::make_shared<manifest_node>();
        empty->is = manifest_node::shape::map;
        empty->line = (*settings)->line;
        const auto map = (*settings)->is_null() ? manifest_node_pointer{empty} : *settings;
        if (map->is == manifest_node::shape::map)
          out.spawn = made_by(**known.find(out.kind), component{into, map, "#/" + out.kind});
        else
          file.error("its settings are " + describe(*map) + ", not a map", out.kind);
      }
    }
  }
  const auto is_error = [](const diagnostic& note) { return note.severity != diagnostic::level::warning; };
  if (!out.spawn && std::ranges::none_of(into.notes, is_error))
    into.notes.push_back({diagnostic::level::error, into.file, 1, "#/" + out.kind,
                          "the kind '" + out.kind + "' cannot be made from these settings"});
  if (std::ranges::any_of(into.notes, is_error))
    out.spawn = nullptr;
  std::ranges::stable_sort(into.notes, {}, &diagnostic::line);
  out.notes = std::move(into.notes);
  return out;
}

} // namespace lode

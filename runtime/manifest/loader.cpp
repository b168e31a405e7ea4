#include "runtime/manifest/loader.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "runtime/manifest/live_reader.hpp"
#include "runtime/manifest/parameters.hpp"
#include "runtime/manifest/references.hpp"
#include "runtime/manifest/stream_compiler.hpp"
#include "runtime/manifest/yaml_reader.hpp"

namespace lode {

namespace {

constexpr std::array<std::string_view, 14> top_level_keys{
  "type",        "version", "check",             "streams",   "dynamic_streams", "schemas",       "definitions",
  "spec",        "metadata", "description",      "api_budget", "concurrency_level", "stream_groups",
  "max_concurrent_async_job_count"};

/// One manifest on its way to a plan.
struct loading {
  std::string file;
  const manifest_setup& setup;
  std::vector<diagnostic> notes;
  source_plan plan;
  std::map<std::string, manifest_place> places;

  void error(uint32_t line, std::string path, std::string message) {
    notes.push_back({diagnostic::level::error, file, line, std::move(path), std::move(message)});
  }
};

void check_top_level(loading& state, const manifest_node& root) {
  for (auto& [key, item] : root.entries) {
    if (key == "$parameters" || std::find(top_level_keys.begin(), top_level_keys.end(), key) != top_level_keys.end())
      continue;
    std::string known;
    for (auto each : top_level_keys)
      known += (known.empty() ? "" : ", ") + std::string{each};
    state.error(item->line, "#/" + key, "unknown top-level key '" + key + "'; allowed: " + known);
  }
  auto text_of = [&root](std::string_view key) {
    auto* found = root.find(key);
    return found != nullptr && (*found)->is_text() ? (*found)->scalar.string() : std::string{};
  };
  if (text_of("type") != "DeclarativeSource")
    state.error(root.line, "#/type", "expected 'type: DeclarativeSource', found '" + text_of("type") + "'");
  state.plan.version = text_of("version");
  if (state.plan.version.empty())
    state.error(root.line, "#/version", "a manifest needs 'version', e.g. version: 6.0.0");
}

void read_check(loading& state, const manifest_node& root) {
  auto* check = root.find("check");
  if (check == nullptr)
    return state.error(root.line, "#/check", "a manifest needs 'check' with 'stream_names'");
  if (auto* names = (*check)->find("stream_names"))
    for (auto& each : (*names)->items)
      if (each->is_text())
        state.plan.check_streams.push_back(each->scalar.string());
}

/// Finds the fields that hold secrets, at any depth and in every alternative.
void collect_secrets(const manifest_node& schema, const field_path& path, std::vector<field_path>& into) {
  if (auto* secret = schema.find("airbyte_secret");
      secret != nullptr && expression::is_true((*secret)->scalar) && !path.empty()
      && std::find(into.begin(), into.end(), path) == into.end())
    into.push_back(path);
  if (auto* properties = schema.find("properties")) {
    for (auto& [key, item] : (*properties)->entries) {
      auto below = path;
      below.push_back(key);
      collect_secrets(*item, below, into);
    }
  }
  for (auto combination : {"oneOf", "anyOf", "allOf"})
    if (auto* choices = schema.find(combination))
      for (auto& choice : (*choices)->items)
        collect_secrets(*choice, path, into);
}

void read_spec(loading& state, const manifest_node& root) {
  auto* spec = root.find("spec");
  auto* schema = spec != nullptr ? (*spec)->find("connection_specification") : nullptr;
  if (schema == nullptr)
    return;
  state.plan.connection_schema = to_value(**schema);
  collect_secrets(**schema, {}, state.plan.secret_fields);
}

void read_streams(loading& state, const manifest_node& root) {
  auto* streams = root.find("streams");
  if (auto* dynamic = root.find("dynamic_streams"); dynamic != nullptr && !(*dynamic)->items.empty())
    state.plan.unsupported.push_back(
      {"dynamic_streams",
       {{diagnostic::level::unsupported, state.file, (*dynamic)->line, "#/dynamic_streams", "dynamic streams are not supported"}}});
  if (streams == nullptr || (*streams)->is != manifest_node::shape::list || (*streams)->items.empty()) {
    if (state.plan.unsupported.empty())
      state.error(root.line, "#/streams", "a manifest needs 'streams': a list with at least one stream");
    return;
  }
  stream_compiler compiler{state.file, state.setup};
  for (size_t i = 0; i < (*streams)->items.size(); ++i) {
    auto path = "#/streams/" + std::to_string(i);
    auto& stream = (*streams)->items[i];
    if (stream->is != manifest_node::shape::map) {
      state.error(stream->line, path, "expected a stream, found " + describe(*stream));
      continue;
    }
    auto whole = propagate_parameters(stream, "DeclarativeSource.streams", state.file, state.notes);
    if (auto* name = whole->find("name"); name != nullptr && (*name)->is_text())
      state.places.emplace((*name)->scalar.string(), manifest_place{stream->line, path});
    compiler.add(whole, path);
  }
  state.plan.streams = std::move(compiler.streams());
  std::move(compiler.unsupported().begin(), compiler.unsupported().end(), std::back_inserter(state.plan.unsupported));
  std::move(compiler.notes().begin(), compiler.notes().end(), std::back_inserter(state.notes));
  state.plan.live = group_live(state.plan.streams, state.file, state.notes);
}

void check_names(loading& state) {
  for (auto& name : state.plan.check_streams) {
    bool is_known = state.plan.find(name) != nullptr
                    || std::any_of(state.plan.unsupported.begin(), state.plan.unsupported.end(),
                                   [&name](auto& each) { return each.name == name || each.name == "dynamic_streams"; });
    if (!is_known)
      state.error(1, "#/check/stream_names", "there is no stream '" + name + "'");
  }
}

} // namespace

std::string to_string(const diagnostic& note) {
  constexpr std::string_view levels[] = {"error", "unsupported", "warning"};
  const auto line = note.line == 0 ? "" : ":" + std::to_string(note.line); // what is wrong with a whole file has none
  return note.file + line + ": " + std::string{levels[static_cast<size_t>(note.severity)]} + ": "
         + note.path + ": " + note.message;
}

const stream_plan* source_plan::find(const std::string& stream) const {
  auto found = std::find_if(streams.begin(), streams.end(), [&](auto& each) { return each.is_selectable && each.name == stream; });
  return found == streams.end() ? nullptr : &*found;
}

bool loaded_manifest::has_errors() const {
  return std::any_of(notes.begin(), notes.end(), [](auto& note) { return note.severity == diagnostic::level::error; });
}

loaded_manifest load_manifest_text(std::string_view text, const std::filesystem::path& file, const manifest_setup& setup) {
  loading state{file.string(), setup, {}, {}, {}};
  state.plan.name = file.stem().string();
  state.plan.hash = XXH3_64bits(text.data(), text.size());
  auto root = read_yaml(text, state.file, state.notes);
  if (root && root->is != manifest_node::shape::map)
    state.error(1, "#", "expected a map with type, version, check and streams, found " + describe(*root));
  else if (root) {
    root = resolve_references(root, state.file, state.notes);
    check_top_level(state, *root);
    read_check(state, *root);
    read_spec(state, *root);
    read_streams(state, *root);
    bool is_whole = std::none_of(state.notes.begin(), state.notes.end(),
                                 [](auto& note) { return note.severity == diagnostic::level::error; });
    if (is_whole)
      check_names(state);
  }
  std::stable_sort(state.notes.begin(), state.notes.end(), [](auto& a, auto& b) { return a.line < b.line; });
  loaded_manifest out{nullptr, std::move(state.notes), std::move(state.places)};
  if (!out.has_errors())
    out.plan = std::make_shared<const source_plan>(std::move(state.plan));
  return out;
}

loaded_manifest load_manifest(const std::filesystem::path& file, const manifest_setup& setup) {
  if (std::error_code ignored; std::filesystem::is_directory(file, ignored))
    return {nullptr, {{diagnostic::level::error, file.string(), 0, "#", "is a folder, expected a YAML file"}}, {}};
  std::ifstream in{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in.is_open() || in.bad())
    return {nullptr, {{diagnostic::level::error, file.string(), 0, "#", "the file can't be read"}}, {}};
  return load_manifest_text(text, file, setup);
}

} // namespace lode

#include "runtime/node/manifest_inspection.hpp"

#include <fmt/format.h>

#include "messages/type_ids.hpp"
#include "runtime/manifest/loader.hpp"
#include "runtime/node/declared_fields.hpp"

namespace lode {

namespace {

std::string joined(const field_path& path) {
  std::string result;
  for (const auto& step : path)
    result += (result.empty() ? "" : ".") + step;
  return result;
}

} // namespace

manifest_summary inspect_manifest(const std::string& name, const std::string& text, const manifest_setup& setup) {
  auto loaded = load_manifest_text(text, name + ".yaml", setup);
  manifest_summary result;
  result.notes = std::move(loaded.notes);
  result.is_usable = loaded.plan != nullptr;
  if (!loaded.plan)
    return result;
  result.version = fmt::format("{:016x}", loaded.plan->hash);
  for (const auto& stream : loaded.plan->streams)
    if (stream.is_selectable) {
      result.streams.push_back(stream.name);
      result.views.push_back({stream.name, declared_fields(stream.schema)});
    }
  for (const auto& path : loaded.plan->secret_fields)
    result.secrets.push_back(joined(path));
  return result;
}

} // namespace lode

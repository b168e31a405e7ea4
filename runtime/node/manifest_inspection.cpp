#include "runtime/node/manifest_inspection.hpp"

#include <boost/algorithm/string/join.hpp>
#include <fmt/format.h>

#include "messages/type_ids.hpp"
#include "runtime/manifest/loader.hpp"
#include "runtime/node/declared_fields.hpp"

namespace lode {

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
    result.secrets.push_back(boost::algorithm::join(path, "."));
  result.connection_schema = loaded.plan->connection_schema;
  return result;
}

manifest_summary manifest_memory::inspect(const std::string& name, const std::string& text) {
  constexpr size_t most = 256; // sources; beyond that it begins again
  {
    std::scoped_lock lock{guard_};
    if (auto found = known_.find(name); found != known_.end() && found->second.text == text)
      return found->second.summary;
  }
  auto summary = inspect_manifest(name, text, setup_);
  std::scoped_lock lock{guard_};
  if (known_.size() >= most)
    known_.clear();
  known_.insert_or_assign(name, entry{text, summary});
  return summary;
}

} // namespace lode

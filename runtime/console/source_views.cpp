#include "runtime/console/source_views.hpp"

#include "messages/error.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

void put_views(catalog_store& catalog, const source_row& source, const manifest_summary& manifest) {
  auto troubles = catalog.put_views(source, source.version, manifest.views);
  if (!troubles)
    return log_warning("the SQL views of source " + source.name + " are not made yet: " + message_of(troubles.error()));
  for (const auto& trouble : *troubles)
    log_warning("source " + source.name + ": the SQL view " + trouble);
}

void put_missing_views(catalog_store& catalog,
                       const std::function<manifest_summary(const std::string& name, const std::string& text)>& inspect) {
  auto sources = catalog.sources_without_views();
  if (!sources)
    return; // the store does not answer: next time
  for (const auto& source : *sources)
    if (auto manifest = inspect(source.name, source.manifest); manifest.is_usable)
      put_views(catalog, source, manifest);
}

} // namespace lode

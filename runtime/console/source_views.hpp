#pragma once

#include <functional>
#include <string>

#include "runtime/console/console_services.hpp"

namespace lode {

/// Puts the SQL views of a source's streams; what could not be done is logged. Whoever put the source is not held up by it: the
/// housekeeper tries again what the store did not answer to.
void put_views(catalog_store& catalog, const source_row& source, const manifest_summary& manifest);

/// The same for every source whose views are not those of its manifest. One that cannot be read any more keeps what it has.
void put_missing_views(catalog_store& catalog,
                       const std::function<manifest_summary(const std::string& name, const std::string& text)>& inspect);

} // namespace lode

#pragma once

#include <string>

#include "runtime/manifest/component.hpp"

namespace lode::examples {

/// What a source says of a GraphQL connection; graphql_pages.hpp shows how.
struct graphql_settings {
  std::string query;
  field_path path;       ///< of the connection, from the top of the body
  std::string path_text; ///< the same for people
  int64_t page_size = 100;
  template_tree variables; ///< a map, beside $first and $after
};

/// Reads and checks them; every mistake is told at its line.
graphql_settings read_graphql_settings(const component& settings);

} // namespace lode::examples

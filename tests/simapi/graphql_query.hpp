#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace simapi {

/// A field of a GraphQL query with what is selected of it.
struct graphql_field {
  std::string name;
  std::map<std::string, std::string>
    arguments; // to what stands there: `$variable`, a number, or a text without its quotes
  std::vector<graphql_field> selection;

  const graphql_field* find(std::string_view wanted) const;
};

/// The operation of a document; its selection is the root's. Understood: one query with or without a name and variables, arguments that are
/// variables, numbers or texts. Not understood: fragments, aliases, directives, mutations, lists and objects as arguments.
/// Throws std::invalid_argument with a message for the client.
graphql_field read_graphql(std::string_view text);

} // namespace simapi

#include "examples/graphql/graphql_settings.hpp"

#include "runtime/manifest/scopes.hpp"

namespace lode::examples {

namespace {

constexpr int64_t most_records = 10'000;

void read_query(const component& settings, graphql_settings& out) {
  out.query = settings.text("query");
  if (out.query.empty())
    return settings.error("graphql needs 'query', the text of a GraphQL query with the variables $first and $after",
                          "query");
  if (out.query.find("$first") == std::string::npos)
    settings.error("the query does not use $first, the size of a page", "query");
  if (out.query.find("$after") == std::string::npos)
    settings.error("the query does not use $after: every page would be the first one", "query");
  for (auto field : {"hasNextPage", "endCursor"})
    if (out.query.find(field) == std::string::npos)
      settings.error(std::string{"the query does not ask for pageInfo { hasNextPage endCursor }: "} + field
                       + " is missing",
                     "query");
}

void read_connection(const component& settings, graphql_settings& out) {
  out.path = {"data"};
  if (const auto* given = settings.field("connection"))
    for (auto& name : settings.path_in(*given, "connection").value_or(field_path{}))
      out.path.push_back(std::move(name));
  else
    settings.error("graphql needs 'connection', the way from `data` to the connection, e.g. [viewer, contacts]",
                   "connection");
  for (const auto& name : out.path)
    out.path_text += (out.path_text.empty() ? "" : ".") + name;
}

void read_variables(const component& settings, graphql_settings& out) {
  const auto* given = settings.field("variables");
  out.variables.node = template_tree::map{};
  if (given == nullptr)
    return;
  if (given->is != manifest_node::shape::map)
    return settings.error("'variables' is a map of names and values", "variables");
  for (const auto& [name, value] : given->entries)
    if (name == "first" || name == "after")
      settings.error("$" + name + " is the miner's own variable: page_size and the cursor of the page before",
                     "variables");
  out.variables = settings.tree(*given, settings.path() + "/variables", scopes::request);
}

} // namespace

graphql_settings read_graphql_settings(const component& settings) {
  settings.refuse_unknown({"query", "connection", "page_size", "variables"});
  graphql_settings out;
  read_query(settings, out);
  read_connection(settings, out);
  read_variables(settings, out);
  if (auto size = settings.whole("page_size"); size && (*size < 1 || *size > most_records))
    settings.error("expected 1 to " + std::to_string(most_records) + " records, found " + std::to_string(*size),
                   "page_size");
  else if (size)
    out.page_size = *size;
  return out;
}

} // namespace lode::examples

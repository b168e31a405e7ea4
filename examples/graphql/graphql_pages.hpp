#pragma once

#include "runtime/manifest/miner_kind.hpp"

namespace lode::examples {

/// The miner kind `graphql`: pages through one connection of a GraphQL API (https://relay.dev/graphql/connections.htm).
///
///     x-lode:
///       miner:
///         graphql:
///           query: |                      # asks for pageInfo { hasNextPage endCursor } and takes $first and $after
///             query ($first: Int!, $after: String) { viewer { contacts(first: $first, after: $after) {
///               edges { node { id name } } pageInfo { hasNextPage endCursor } } } }
///           connection: [viewer, contacts]   # where it stands in `data`; its records are edges[].node, or nodes[]
///           page_size: 100                   # $first, 1 to 10000; 100
///           variables: {team: "{{ config['team'] }}"}   # further ones, templates allowed
///
/// URL, headers and credentials are those of the stream's requester. A paginator, an extractor and a request body beside it are mistakes.
miner_kind graphql_miner();

/// The factory of it.
page_protocol_pointer make_graphql_pages(const miner_request& request);

} // namespace lode::examples

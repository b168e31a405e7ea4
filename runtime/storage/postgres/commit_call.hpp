#pragma once

#include <span>

#include "messages/storage.hpp"
#include "runtime/storage/postgres/connection.hpp"

namespace lode {

/// Who commits, and as which group.
struct commit_identity {
  incarnation self;
  int64_t writer = 0;
  int64_t group = 0;
};

/// Which call commits this group: pages of full passes, deletions and doubts leave more than others.
const statement& commit_statement_for(std::span<const page_commit> pages);

/// The parameters of that call for a group of pages. `careful`: records one by one, see 0011_commit.sql.
parameters commit_parameters(const commit_identity& who, std::span<const page_commit> pages, bool careful);

/// The page with every record that the database can't take as text, or as a key, moved to its dead ones, and without doubts about such.
page_commit without_unstorable(page_commit page);

} // namespace lode

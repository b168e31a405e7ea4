#pragma once

#include "tests/simapi/simulation.hpp"

namespace simapi {

// Each dialect reads a request into a call and answers it. parse() never checks credentials; respond() does so first.

call parse_graph(simulation& sim, const request& ask);
answer respond_graph(simulation& sim, call& what, const request& ask, const fault* spoiled);

call parse_crm(simulation& sim, const request& ask);
answer respond_crm(simulation& sim, call& what, const request& ask, const fault* spoiled);

call parse_shop(simulation& sim, const request& ask);
answer respond_shop(simulation& sim, call& what, const request& ask, const fault* spoiled);

call parse_graphql(simulation& sim, const request& ask);
answer respond_graphql(simulation& sim, call& what, const request& ask, const fault* spoiled);

/// The dialect that a path belongs to, if any.
std::optional<dialect> dialect_of(const std::string& path);

// What the dialects have in common.

/// A page, cut and rendered, with the token of the one that follows.
struct cut_page {
  page_selection selection;
  std::shared_ptr<page_block> block;
  int64_t cut_at = 0;        // one instant for all of its tokens: equal places have equal tokens
  std::string before, after; // tokens around what is shown
  std::string next;          // the token to go on with; empty = last page
};
cut_page cut(simulation& sim, call& what, const fault* spoiled);

/// Makes the call one for the record with this key. False if there is none (any more); then the dialect refuses it.
bool ask_for_one(simulation& sim, call& what, stream_kind kind, const std::string& key);

/// That record as a page shows it.
std::shared_ptr<page_block> show_one(simulation& sim, const call& what);

/// Reads `limit`; a missing one is `normal`. Nothing if it is not a number of at least 1.
std::optional<uint32_t> read_limit(const std::string* text, uint32_t normal);

/// Binds page tokens to tenant, stream and parent.
uint64_t token_scope(const simulation& sim, const call& what);

/// Takes the page token, if there is one, into the call's range and names the page.
void take_token(simulation& sim, call& what, const std::string* text);

/// Whether the token has to be refused: malformed, or expired (by lifetime or fault).
enum class token_state { good, malformed, expired };
token_state judge_token(simulation& sim, const call& what, const fault* spoiled);

} // namespace simapi

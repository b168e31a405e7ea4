#pragma once

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "messages/wire/continuation.pb.h"
#include "runtime/expression/context.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// The token of a page as continuations keep it: JSON text; "" is none.
std::string token_to_text(const expression::value& token);
/// What is no JSON, as other miners than the manifest's may keep it, is text.
expression::value token_from_text(const std::string& text);

/// The token that the first page is asked with: only with `inject_on_first_request`, else none.
expression::value initial_token(const paginator_plan& plan);

/// The token that the page of `state` is asked with (none: the first page without one).
expression::value current_token(const paginator_plan& plan, const wire::continuation_state& state);

/// What is known of a page once its records are read.
struct page_facts {
  int64_t seen = 0; ///< records the extractor saw
  int64_t kept = 0; ///< of them, those that no filter took out; what steps drop counts
  std::string_view last_record; ///< JSON text of the last one as it was before the steps; "" = none
  std::string first_key;
  std::string last_key;
  uint64_t mark = 0; ///< of all records: equal marks are equal pages
  bool has_seam = false;   ///< a record is the one that the page before ended with
  bool is_unkeyed = false;
  bool is_sliced = false;  ///< the cursor moves when the slice ends: what is missed is not read again
};

struct paging_step {
  enum class kind : uint8_t { more, ended, again, failed } what = kind::ended;
  wire::continuation_state state; ///< of the page to fetch next (more, again)
  std::string reason;
  /// The page was fetched only to look at its rows again: its records without a key are known.
  bool is_repeat = false;
};

/// The page that `token` names follows; a token that was used before in the slice, or none, ends it as failed.
paging_step step_to_token(const wire::continuation_state& state, std::string token);
/// `step` (more), unless it gets nowhere: the page of `state` again, or, when it is one of step_to_token(), the same pages again and
/// again under ever new tokens. Then it is failed.
paging_step unless_in_circles(paging_step step, const wire::continuation_state& state, const page_facts& page);

/// Decides what follows a page. `names` holds what templates may read: config, response, headers, last_record,
/// last_page_size. Pure.
caf::expected<paging_step> next_page(const stream_plan& stream, const wire::continuation_state& state,
                                     const page_facts& page, const expression::context& names);

} // namespace lode

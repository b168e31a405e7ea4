#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/records.hpp"
#include "messages/storage.hpp"
#include "messages/wire/continuation.pb.h"
#include "runtime/expression/value.hpp"
#include "runtime/extraction/received_response.hpp"
#include "runtime/extraction/record_maker.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// All that reading a page depends on. References must outlive the call.
struct page_request {
  const source_plan& source;
  size_t stream = 0; ///< index into source.streams
  const expression::value& config;
  std::string_view partition; ///< JSON text, "" for the only one
  slice_bounds slice;
  const wire::continuation_state& state; ///< under which the page was requested
  received_response& response;
  uint64_t hash_seed = 0;
  instant now{}; ///< for `now_utc()` in templates; take the moment of the request
};

/// A partition of a child stream that a record of this page causes.
struct child_partition {
  size_t stream = 0;     ///< index into source.streams
  std::string partition; ///< canonical JSON text
};

enum class page_ending : uint8_t {
  more,        ///< fetch the page that next_state names
  slice_ended, ///< read to the end, or with a reason down to what is known: close the continuation; `completed` is known now
  slice_again, ///< rows shifted while the slice was read: next_state begins it anew
  failed,      ///< what was read is good, but there is no way on: the interval stays owed; `reason` says why
};

struct page_content {
  std::vector<hashed_record> records; ///< in the order of the page; a key may occur more than once
  std::vector<dead_record> dead;
  std::vector<child_partition> children; ///< of all records, without doubles
  page_ending ending = page_ending::slice_ended;
  wire::continuation_state next_state;
  std::string reason;                    ///< for slice_again, failed, and an early end
  /// With slice_ended: what the partition is known of now. Ends before the slice does when the API's clock had not passed
  /// the slice's end when its first page was read; whole where there is no slice.
  slice_bounds completed;
  bool is_unsure = false;                ///< the API refused to say what there is, which its source ignores
  int64_t seen = 0;                      ///< records the extractor saw, dead and filtered ones included
  std::optional<int64_t> largest_order;  ///< of the ordering field
  std::optional<instant> largest_cursor; ///< of the incremental cursor field
  std::optional<slice_anchor> anchor; ///< with slice_ended, without its source_version: see anchor_of
};

/// Turns responses into records. Keeps scratch memory from page to page: one per thread.
class page_reader {
public:
  /// Reads one page that was judged `accept`. Fails with errc::bad_response (not JSON, not the declared shape: try again
  /// later), errc::bad_source (a template of the source cannot be evaluated) or what page_protocol says of the stream's miner.
  caf::expected<page_content> read(const page_request& page);

private:
  record_scratch scratch_;
};

/// For a response that the error rules ignore: no records, the slice ends.
page_content read_ignored_page(const wire::continuation_state& state, const slice_bounds& slice);

/// The first page of the slice again, under whatever manifest: nothing of how far it was read is left.
wire::continuation_state first_state(const wire::continuation_state& state);

/// The state that begins the slice anew after a refused page token (error rules: reset pagination). Counts as a
/// re-read; nothing after the third.
std::optional<wire::continuation_state> begin_again(const wire::continuation_state& state);

/// How often a slice is read again because its rows shifted or its token was refused.
inline constexpr int32_t max_rereads = 3;

} // namespace lode

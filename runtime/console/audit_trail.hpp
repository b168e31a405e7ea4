#pragma once

#include "runtime/console/router.hpp"
#include "runtime/storage/inspection_store.hpp"

namespace lode {

/// A line of the audit trail, for whatever changes something or is to: every request but those that only read. It is written before
/// anything is done, so that nothing is done without a trace when the node ends over it; what came of it is added. A store that is away
/// keeps nobody from acting: it is tried again at the end, then told to the log.
class audit_line {
public:
  audit_line(api_context& context, bool has_token, const api_request& request);
  void ended(int status);

private:
  inspection_store* store_ = nullptr; ///< null: nothing is written down
  audit_entry entry_;                 ///< without an id it does not stand in the store
};

} // namespace lode

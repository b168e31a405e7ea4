#pragma once

#include "tests/simapi/world.hpp"

#include <string>
#include <string_view>

namespace simapi {

/// One change as an event: which record, and which of its versions. Its text is made when it is sent.
struct live_event {
  uint64_t number; // counted per tenant from 1, in the order of the changes
  uint32_t tenant;
  stream_kind stream;
  change_kind change;
  uint32_t index, version; // in stream::records; deleted: the version that it had last
  int64_t at;              // when it was changed, on the simulated clock
};

/// How a message is spoilt; PROTOCOL.md says what each is.
enum class event_form : uint8_t { right, oversize, cut, bad_utf8, binary, unknown_type, bad_frame, bad_signature };

struct outgoing_event {
  live_event event;
  event_form form = event_form::right;
  uint32_t bytes = 0; // oversize: of the padding
};

/// All that an event's text depends on.
struct event_facts {
  const live_event& event;
  std::string_view account; // graph: of the ids; crm: the portal
  std::string_view key;
  std::string_view record; // its text; empty if it was deleted
};

/// `<account>_<number>`, as graph and shop name events.
std::string event_id(std::string_view account, uint64_t number);

/// The whole message of the graph dialect.
void append_graph_event(std::string& out, const event_facts& facts);

/// One element of the list that a crm webhook brings.
void append_crm_event(std::string& out, const event_facts& facts);

/// The body of a shop webhook: the record, or its id if it was deleted.
void append_shop_event(std::string& out, const event_facts& facts);

/// `orders/create` and so on.
std::string shop_topic(const live_event& event);

/// Spoils a right text the way the form says. Forms that are no matter of the text leave it as it is.
void spoil(std::string& text, event_form form, uint32_t bytes);

} // namespace simapi

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/expression/program.hpp"
#include "runtime/manifest/lode_extension.hpp"

/// What a manifest says of live capture (`x-lode.live`), checked and compiled. Pure data, as the rest of the plan.
namespace lode {

inline constexpr const char* websocket_listener_name = "websocket";
inline constexpr const char* webhook_listener_name = "webhook";

/// Where a text stands in what was received. Neither: nowhere.
struct live_place {
  std::string header; ///< of a webhook's request; empty = `field` counts
  field_path field;
  bool is_empty() const { return header.empty() && field.empty(); }
};

/// Holds when what stands at `place` is, as text, one of `texts`. Of numbers and booleans the text is what was sent.
struct live_condition {
  live_place place;
  std::vector<std::string> texts;
};
using live_conditions = std::vector<live_condition>; ///< all of them hold; none = always

enum class live_payload : uint8_t {
  full,   ///< the record as a page would carry it
  patch,  ///< the fields that changed: the record is fetched again
  notice, ///< that it changed: the same
};

/// How events of one kind are read. Paths begin at the event.
struct live_rule {
  live_conditions when;
  std::optional<field_path> each; ///< the message holds a list of events here (empty: it is the list); absent: it is one event
  live_conditions delete_when;    ///< the event says that the record is gone; none = never
  live_payload payload = live_payload::notice;
  field_path record;              ///< empty = the event itself; full only
  std::vector<field_path> key;    ///< one path per field of the primary key
  live_place order;               ///< of a delete, which has no record; empty = it has none
  std::string order_format;       ///< date format of it; empty = as the API sent it
};

/// How one record is fetched again by its key, with the stream's requester: its url_base, headers and credentials.
struct live_fetch {
  expression::program path; ///< reads config, key, keys
  std::vector<std::pair<expression::program, expression::program>> parameters;
  field_path record; ///< where it stands in the answer; empty = the answer itself
};

/// How often a sign of life is asked for.
struct live_heartbeat {
  std::chrono::milliseconds every{0};
  std::optional<expression::program> message; ///< absent: a ping of the WebSocket protocol
};

/// Templates read config and streams (the names of those that are captured); acknowledge and resume read event_id too.
struct websocket_settings {
  expression::program url;
  std::vector<std::pair<expression::program, expression::program>> headers;
  std::vector<expression::program> subprotocols;
  std::vector<expression::program> subscribe; ///< sent once the socket is open
  live_conditions confirmed_by;               ///< of the message that says that nothing is missed any more; none = the open socket
  std::optional<live_heartbeat> heartbeat;
  std::optional<std::chrono::milliseconds> idle_timeout;
  std::optional<uint64_t> max_message_bytes;
  std::optional<expression::program> acknowledge;
  std::vector<expression::program> resume; ///< in place of `subscribe` behind a known event: what followed it is asked for again
};

/// A piece of the text that a signature covers.
struct signed_part {
  enum class source : uint8_t { text, body, timestamp, method, path };
  source what = source::text;
  expression::program text; ///< reads config
};

struct webhook_signature {
  enum class algorithm : uint8_t { hmac_sha256, hmac_sha1 };
  enum class encoding : uint8_t { hex, base64 };
  std::string header;
  std::string prefix; ///< before the digits, e.g. "sha256="
  algorithm by = algorithm::hmac_sha256;
  encoding as = encoding::hex;
  std::vector<signed_part> parts;
  expression::program secret;
  std::string timestamp_header;
  std::string timestamp_format;
  std::optional<std::chrono::milliseconds> max_age; ///< of the timestamp, either way
};

struct webhook_settings {
  /// Tells the connections of one source apart. A field is looked for in each event, then in the message.
  struct account_rule {
    live_place place;
    expression::program equals; ///< reads config
  };
  std::optional<webhook_signature> signature; ///< absent: anybody may post
  std::string challenge_query;                ///< a GET with this parameter is answered with its value; empty = none is answered
  std::optional<account_rule> account;        ///< absent: the source has one connection, or each has a secret of its own
  std::optional<std::chrono::milliseconds> sweep_every;
};

/// Settings of a listener that nobody but itself acts on.
struct own_listener_settings {};

using listener_settings = std::variant<own_listener_settings, websocket_settings, webhook_settings>;

struct made_listener; // runtime/manifest/listener_kind.hpp
using made_listener_pointer = std::shared_ptr<const made_listener>;

/// `x-lode.live` of one stream.
struct stream_live {
  std::string listener; ///< a name that the node knows
  std::string settings; ///< JSON object, as it stands in the manifest
  listener_settings typed;
  made_listener_pointer made; ///< spawns it
  std::optional<expression::program> enabled; ///< condition over config; absent = for every connection
  live_place event_id;
  std::optional<std::chrono::milliseconds> max_event_delay; ///< so late or out of order at most; absent = nobody has said
  std::vector<live_rule> rules; ///< the first that fits an event counts
  std::optional<live_fetch> fetch;
  uint32_t line = 0; ///< where it stands in the manifest
};

/// One socket (or webhook) of a connection, with all streams that come over it.
struct live_plan {
  std::string listener;
  std::string settings; ///< JSON object
  listener_settings typed;
  made_listener_pointer made; ///< spawns it; null only in plans that no manifest was read for
  std::optional<expression::program> enabled;
  live_place event_id;
  std::vector<size_t> streams; ///< indexes into source_plan::streams, ascending; each has `lode.live`
};

} // namespace lode

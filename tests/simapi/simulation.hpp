#pragma once

#include "tests/simapi/clock.hpp"
#include "tests/simapi/credentials.hpp"
#include "tests/simapi/faults.hpp"
#include "tests/simapi/journal.hpp"
#include "tests/simapi/live/hub.hpp"
#include "tests/simapi/messages.hpp"
#include "tests/simapi/page_token.hpp"
#include "tests/simapi/quota.hpp"
#include "tests/simapi/request_log.hpp"
#include "tests/simapi/settings.hpp"
#include "tests/simapi/world.hpp"

#include <map>
#include <mutex>
#include <optional>

namespace simapi {

struct counters {
  uint64_t requests = 0, completed = 0, errors = 0, records = 0, bytes = 0, refreshes = 0;
  uint32_t in_flight = 0, max_in_flight = 0;
  int64_t last_request_at = 0, last_served_at = 0;
};

/// A tenant with everything that is not data.
struct tenant_state {
  tenant* data;
  credentials secrets;
  limits allowed;
  quota used;
  counters count;
};

/// A request, understood: whose it is and which page it asks for. Made by a dialect's parse().
struct call {
  tenant_state* who = nullptr;
  stream* from = nullptr;
  std::string_view stream_name; // static text; `oauth`: token endpoint, `live`: opening of a WebSocket, empty if unknown
  page_range range;
  bool paged_by_token = true;
  std::string token_text;          // the page token as it came
  std::optional<page_token> token; // read; nothing if absent or malformed
  std::string page;                // names the page, free of tokens
  std::optional<uint32_t> one;     // the record that is asked for by its id, in `from`
  std::optional<answer> refusal;   // of a bad parameter; given once the credentials have been checked
  uint32_t access_serial = 0;      // crm: of the access token
};

/// One request from arrival to the last byte sent.
struct exchange {
  request ask;
  call what;
  std::optional<fault> spoiled;
  uint64_t delay_ms = 0;
  uint64_t seq = 0;
  answer reply;
  std::string head;
  std::shared_ptr<page_block> served; // what a whole answer proves to have been served
  uint64_t ticket = 0;         // of the journal's `sending` entry, 0 = none
};

/// (index in the stream, version); with delete_flag in the version: that the record was deleted, having had that version.
using shown_versions = std::vector<std::pair<uint32_t, uint32_t>>;
constexpr uint32_t delete_flag = 0x80000000;

/// What the journal says was about to be sent.
struct sending_entry {
  stream* in;
  shown_versions shown;
};

/// The whole simulated world behind both ports. Members are guarded by `mutex`, which callers hold.
class simulation {
public:
  /// Opens the state file, if one is set, and brings the world to where it was. Throws std::runtime_error.
  explicit simulation(const settings& from);

  // The data port's three steps.
  void begin(exchange& of);
  void prepare(exchange& of);
  void finish(exchange& of, bool completed);

  int64_t now() const { return clock.now(real_now()); }
  tenant_state* find(const std::string& name);
  /// The graph tenant whose present access token this is.
  tenant_state* find_graph_token(const std::string& token);
  tenant_state* state_of(const tenant* data) { return data ? &states[data->index] : nullptr; }

  // What is about to be sent goes to the journal, which answers a ticket (0 = there is no state file); then what became of it.
  uint64_t begin_sending(const tenant& owner, const stream& in, const shown_versions& shown);
  void end_sending(uint64_t ticket, bool completed);

  /// Notes what was sent; `certain` is false if it is only known that it may have arrived.
  void mark_sent(stream& in, const shown_versions& shown, bool certain);

  /// Notes that a token was issued.
  void remember_serial(const tenant_state& whose);

  std::mutex mutex;
  settings config;
  sim_clock clock;
  simapi::world world;
  std::deque<tenant_state> states;
  behaviour manners;
  fault_table faults;
  request_log log;
  journal state;
  counters total;
  live_hub live{*this};
  bool frozen = false;
  uint16_t port = 0;         // as bound; with a state file, as bound before
  uint16_t control_port = 0;
  std::unordered_map<std::string, uint32_t> graph_tokens; ///< to tenants; empty = to be made anew

private:
  void replay(const std::vector<journal_entry>& entries);
  void replay_entry(entry_type type, std::string_view body, std::map<uint64_t, sending_entry>& open);
  void note_sending(exchange& of);
  void frame(exchange& of);
  std::optional<fault> random_error(const exchange& of);

  uint64_t next_ticket_ = 1;
  std::string date_line_;
  int64_t date_second_ = -1;
};

} // namespace simapi

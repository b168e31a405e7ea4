#include "actors/extraction/miner.hpp"

#include <caf/all.hpp>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/http_exchange.hpp"
#include "actors/extraction/suspicion.hpp"
#include "messages/fault_point.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/extraction/page_protocol.hpp"
#include "runtime/extraction/page_reader.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

void set_timeouts(http_timeouts& out, const lode_extension::request_timeouts& in) {
  out.connect = in.connect.value_or(out.connect);
  out.first_byte = in.first_byte.value_or(out.first_byte);
  out.total = in.whole.value_or(out.total);
}

/// A request that is out for longer is slow.
std::chrono::nanoseconds patience_of(const http_request& request) {
  constexpr std::chrono::milliseconds longest{10'000};
  const auto first_byte = request.timeouts.first_byte;
  return first_byte.count() > 0 ? std::min(longest, first_byte / 2) : longest;
}

} // namespace

work_line line_of(const miner_job& job, worker who, uint64_t actor) {
  constexpr size_t longest_partition = 60;
  const auto& connection = *job.connection;
  work_line line{who, connection.tenant, connection.connection, connection.connection_name + ": " + connection.stream(job.stream).name};
  if (!job.row.partition.empty())
    line.what += ", partition " + storable_text(job.row.partition, longest_partition);
  line.actor = actor;
  line.restarts = job.restarts;
  if (who == worker::miner)
    line.kind = connection.stream(job.stream).lode.own_miner();
  return line;
}

miner_state::miner_state(miner_actor::pointer self, miner_job job)
  : self(self), job(std::move(job)), ahead(this->job.services->window, this->job.row.crash_resumes > 0) {
  estimate = this->job.connection->stream(this->job.stream).lode.page_bytes_estimate;
  shown = enter(this->job.services->board, line_of(this->job, worker::miner, self->id()));
}

miner_actor::behavior_type miner_state::make_behavior() {
  self->set_exit_handler([this](caf::exit_msg& exit) { stop(std::move(exit.reason)); });
  // A supervisor that dies is replaced by one that mines the same continuations.
  self->monitor(job.supervisor);
  self->set_down_handler([this](const caf::down_msg& down) {
    stop(down.reason == errc::not_owner ? down.reason : caf::error{caf::exit_reason::user_shutdown});
  });
  last_progress = self->clock().now();
  watch();
  self->send(self, go_on{generation});
  return {
    [this](go_on msg) {
      if (at == step::starting)
        begin(job.row);
      else if (msg.generation == generation && at == step::idle && !finish()) {
        if (ahead.has_room())
          ask();
        else
          shown.does(doing::committing);
      }
    },
    [this](permit_granted msg) {
      if (msg.generation != generation || at != step::permit)
        return self->send(job.services->gate, return_permit{msg.bytes});
      reserved = msg.bytes;
      authorize();
    },
    [this](response_arrived& msg) {
      if (msg.generation == generation && at == step::fetching)
        hand_on(std::move(msg.exchange));
    },
    [this](page_parsed& msg) {
      if (msg.generation == generation)
        parsed(msg);
    },
    [this](page_unreadable& msg) {
      if (msg.generation == generation)
        unreadable(std::move(msg));
      else
        give_back(voided.leave(msg.generation));
    },
    [this](const page_committed& msg) {
      // What a page opened is there, and what died of it is dead, whatever became of the generation that read it.
      if (msg.opened > 0)
        self->send(job.supervisor, continuations_opened{job.connection->connection, job.row.run, msg.opened});
      if (msg.dead > 0) {
        tell(run_event::records_died, std::to_string(msg.dead));
        self->send(job.supervisor, records_died{job.row.run, job.row.stream, msg.dead});
      }
      if (msg.generation == generation)
        committed(msg);
      else
        give_back(voided.leave(msg.generation));
    },
    [this](const page_refused& msg) {
      if (msg.generation == generation)
        refused();
      else
        give_back(voided.leave(msg.generation));
    },
    [this](struct finish_page) { finish_page(); },
    [this](timer_fired msg) { timer(msg.token); },
  };
}

// -- the page path ----------------------------------------------------------------------------------------------------

void miner_state::begin(const continuation_row& row) {
  auto decoded = job.services->codec->decode(row.state);
  if (!decoded)
    return suspend(decoded.error());
  state = std::move(*decoded);
  // A slice that began under another manifest starts again: its paging and its keys may mean something else.
  auto manifest = std::to_string(job.connection->plan->hash);
  if (!state.manifest_version().empty() && state.manifest_version() != manifest)
    state = first_state(state);
  state.set_manifest_version(manifest);
  // What earlier runs know may be of another account, or of what other secrets show.
  if (state.newest_first().edition() != job.connection->edition)
    state.clear_newest_first();
  version = row.version;
  job.row.crash_resumes = row.crash_resumes;
  job.row.alone_deaths = row.alone_deaths;
  job.row.pass = row.pass;
  failures = waits = 0;
  at = step::idle;
  self->send(self, go_on{generation});
}

void miner_state::ask() {
  if (is_finishing)
    return;
  at = step::permit;
  shown.does(doing::permit);
  self->send(job.services->gate,
             ask_permit{generation, job.connection->tenant, job.connection, job.stream, estimate, !ahead.empty()});
}

void miner_state::authorize() {
  if (!job.credentials)
    return fetch({});
  at = step::token;
  shown.does(doing::token);
  self->request(job.credentials, caf::infinite, ask_access_token{is_token_rejected ? access_token : std::string{}})
    .then(
      [this, asked = generation](struct access_token& reply) {
        if (asked == generation && at == step::token)
          fetch(std::move(reply.value));
      },
      [this, asked = generation](caf::error& error) {
        if (asked != generation || at != step::token)
          return;
        token_refused(std::move(error));
      });
}

void miner_state::fetch(std::string token) {
  access_token = std::move(token);
  if (!job.services->may_send())
    return wait_for_lease();
  lease_wait.reset();
  requested_at = job.services->now();
  sent = self->clock().now();
  const auto& connection = *job.connection;
  const auto& stream = connection.stream(job.stream);
  auto request = request_of_page();
  if (!request)
    return no_request(request.error());
  set_timeouts(request->timeouts, stream.lode.timeouts);
  LODE_DIE_AT("miner.before_request");
  at = step::fetching;
  has_timed_out = false;
  shown.does(doing::fetching, requested_at + std::chrono::ceil<std::chrono::microseconds>(patience_of(*request)));
  // Stamped before it is sent: what the API answers is at least as new as this.
  stamp = {0, connection.claim.epoch.value, job.services->clock->next()};
  is_beside_another_run = job.open_runs && job.open_runs->load() > 1;
  auto client = caf::weak_actor_ptr{self->ctrl()};
  in_flight = job.services->http->start(std::move(*request), [client, asked = generation](http_result result) {
    if (auto miner = client.lock())
      caf::anon_send(caf::actor_cast<miner_actor>(miner),
                     response_arrived{asked, std::make_shared<const http_exchange>(http_exchange{std::move(result)})});
  });
}

caf::expected<http_request> miner_state::request_of_page() const {
  const auto& connection = *job.connection;
  return stream_pages{connection.stream(job.stream)}.request(
    {connection.config, job.row.partition, job.row.slice, state, access_token, requested_at});
}

void miner_state::wait_for_lease() {
  if (!lease_wait)
    lease_wait.emplace(job.services->waiting_for_lease);
  pause(step::leaseless, mining_services::lease_retry);
}

void miner_state::hand_on(exchange_pointer exchange) {
  LODE_DIE_AT("miner.after_response");
  in_flight.reset();
  if (const auto* error = exchange->error())
    return no_answer(*error);
  auto size = exchange->response()->body.size();
  self->send(job.services->gate, correct_permit{std::exchange(reserved, size), size});
  if (is_suspect(job.row))
    return parse_alone(std::move(exchange));
  parse(std::move(exchange));
}

void miner_state::parse_alone(exchange_pointer exchange) {
  at = step::quarantined;
  shown.does(doing::quarantined);
  self->request(job.services->quarantine, caf::infinite, ask_alone{job.row.id, job.row.alone_deaths})
    .then(
      [this, asked = generation, exchange] {
        if (asked == generation)
          parse(exchange);
      },
      [this, asked = generation](caf::error& why) {
        if (asked != generation)
          return;
        if (why == errc::not_found)
          resume_from_store();
        else
          self->quit(std::move(why));
      });
}

void miner_state::leave_quarantine(bool is_committed) {
  if (is_suspect(job.row))
    self->send(job.services->quarantine, leave_alone{is_committed});
}

void miner_state::parse(exchange_pointer exchange) {
  at = step::parsing;
  shown.does(doing::parsing);
  being_read = exchange;
  last_progress = self->clock().now();
  process_page page{job.row.id, job.row.run, generation, version, stamp, job.connection, job.stream,
                    job.row.partition, job.row.slice, state.SerializeAsString(), failures, waits, requested_at,
                    std::move(exchange), is_beside_another_run, job.row.pass};
  // What was heard between request and response may be newer than the page, or older.
  if (job.connection->is_live()) {
    page.doubt_from = stamp;
    page.stamp.counter = job.services->clock->next();
  }
  self->send(job.services->processor_of(job.row.id), std::move(page), miner_actor{self});
}

void miner_state::parsed(page_parsed& page) {
  last_progress = self->clock().now();
  ahead.add({version, std::exchange(reserved, 0), sent});
  leave_window();
  fetched(fetch_result::ok);
  version = page.version;
  failures = waits = 0;
  is_token_rejected = false;
  being_read.reset();
  shown.gets_on();
  estimate = (estimate * 7 + page.body_bytes) / 8 + 1;
  if (!page.pauses.empty())
    self->send(job.services->gate, report_quota{job.connection, job.stream, std::move(page.pauses)});
  if (page.quota_left)
    quota_left = page.quota_left;
  if (page.is_last) {
    at = step::draining;
    shown.does(doing::committing);
    return;
  }
  state.ParseFromString(page.next_state);
  at = step::idle;
  self->send(self, go_on{generation});
}

void miner_state::committed(const page_committed& page) {
  last_progress = self->clock().now();
  ahead.committed(page.version);
  leave_window();
  give_back(voided.leave_all()); // the writer answers in order: it has spoken of all that came before
  LODE_DIE_AT("miner.after_commit");
  leave_quarantine(true);
  job.row.crash_resumes = job.row.alone_deaths = 0;
  if (page.phase != continuation_phase::open)
    return end(page.phase, page.run_ended, page.reason);
  if (is_finishing) {
    finish();
    return;
  }
  self->send(self, go_on{generation});
}

void miner_state::leave_window() {
  for (const auto& page : ahead.take_committed()) {
    self->send(job.services->gate, return_permit{page.bytes});
    job.services->report.committed(last_progress - page.requested);
  }
}

// -- what all of it uses -----------------------------------------------------------------------------------------------

void miner_state::pause(step then, std::chrono::nanoseconds after) {
  at = then;
  shown.does(then == step::pausing ? doing::pausing : then == step::leaseless ? doing::leaseless : doing::resuming,
             then == step::pausing ? std::optional{job.services->now() + std::chrono::ceil<std::chrono::microseconds>(after)} : std::nullopt);
  timer_token += 2;
  self->send(job.services->timers, arm_timer{after, timer_token});
}

void miner_state::give_back(uint64_t bytes) {
  if (bytes > 0)
    self->send(job.services->gate, return_permit{bytes});
}

std::string miner_state::path() const {
  return job.connection->path_of(job.stream);
}

void miner_state::fetched(fetch_result result) const {
  job.services->report.fetched(job.connection->stream(job.stream).lode.miner, result);
}

void miner_state::tell(run_event event, const std::string& detail) const {
  job.services->report.happened(event, job.connection->about(job.row.run, job.row.stream), detail);
}

} // namespace lode

#include "actors/extraction/miner.hpp"

#include <caf/all.hpp>

#include <random>

#include "actors/extraction/call_report.hpp"
#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/http_exchange.hpp"
#include "actors/extraction/suspicion.hpp"
#include "messages/fault_point.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/extraction/error_rules.hpp"
#include "runtime/extraction/page_protocol.hpp"
#include "runtime/extraction/page_reader.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

double spread() {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>{0, 1}(random);
}

void set_timeouts(http_timeouts& out, const lode_extension::request_timeouts& in) {
  out.connect = in.connect.value_or(out.connect);
  out.first_byte = in.first_byte.value_or(out.first_byte);
  out.total = in.whole.value_or(out.total);
}

std::string milliseconds_text(std::chrono::nanoseconds span) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(span).count()) + " ms";
}

/// A request that is out for longer is slow.
std::chrono::nanoseconds patience_of(const http_request& request) {
  constexpr std::chrono::milliseconds longest{10'000};
  const auto first_byte = request.timeouts.first_byte;
  return first_byte.count() > 0 ? std::min(longest, first_byte / 2) : longest;
}

bool is_timeout(http_failure kind) {
  return kind == http_failure::timeout_connect || kind == http_failure::timeout_first_byte || kind == http_failure::timeout_total;
}

/// Timer tokens: deadlines odd, pauses even, so that neither is taken for the other.
constexpr uint64_t is_watch = 1;

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

miner_state::miner_state(miner_actor::pointer self, miner_job job) : self(self), job(std::move(job)) {
  estimate = this->job.connection->stream(this->job.stream).lode.page_bytes_estimate;
  if (this->job.row.crash_resumes > 0)
    careful_pages = this->job.services->window;
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
        if (ahead.size() < window())
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

void miner_state::token_refused(caf::error why) {
  // Another token is of no use: the keeper has asked for one in vain.
  if (disposition_of(why) == disposition::suspend)
    return suspend(why);
  // A token endpoint that fails is waited for as the API itself would be, and as often.
  if (why == errc::unreachable || why == errc::server_failed)
    return no_answer({http_failure::connect, message_of(why)});
  unreadable({generation, std::move(why), std::chrono::seconds{1}, {}});
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
  if (!request) {
    auto code = static_cast<errc>(request.error().code());
    if (disposition_of(code) == disposition::retry_later && is_last_try(stream, failures))
      code = errc::page_failed;
    // Nothing was asked, so nothing says for how long a limit lasts.
    auto after = wait_before_retry(stream, failures + waits, spread());
    return unreadable({generation, caf::make_error(code, path() + ": " + message_of(request.error())), after, {}});
  }
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

void miner_state::no_answer(const http_error& error) {
  has_timed_out = is_timeout(error.kind);
  const auto& connection = *job.connection;
  auto judged = judge(connection.stream(job.stream), error,
                      {failures, waits, job.services->now(), spread(), connection.config});
  auto code = judged.action == verdict_action::retry  ? errc::unreachable
              : judged.action == verdict_action::wait ? errc::rate_limited
                                                      : errc::page_failed;
  unreadable({generation, caf::make_error(code, path() + ": " + judged.message), judged.after, {}});
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
  ahead.push_back({version, std::exchange(reserved, 0), sent});
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
  committed_version = page.version;
  leave_window();
  give_back(voided.leave_all()); // the writer answers in order: it has spoken of all that came before
  LODE_DIE_AT("miner.after_commit");
  leave_quarantine(true);
  job.row.crash_resumes = job.row.alone_deaths = 0;
  if (careful_pages > 0)
    --careful_pages;
  if (page.phase != continuation_phase::open)
    return end(page.phase, page.run_ended, page.reason);
  if (is_finishing) {
    finish();
    return;
  }
  self->send(self, go_on{generation});
}

void miner_state::leave_window() {
  while (!ahead.empty() && ahead.front().version < committed_version) {
    self->send(job.services->gate, return_permit{ahead.front().bytes});
    job.services->report.committed(last_progress - ahead.front().requested);
    ahead.pop_front();
  }
}

// -- what goes wrong ---------------------------------------------------------------------------------------------------

void miner_state::unreadable(page_unreadable page) {
  last_progress = self->clock().now();
  leave_quarantine();
  report_call(page.reason);
  being_read.reset();
  switch (disposition_of(page.reason)) {
    case disposition::retry_later:
      fetched(fetch_result::retried);
      return try_again(page);
    case disposition::wait:
      fetched(fetch_result::rate_limited);
      return wait_for_limit(page);
    case disposition::give_up_page:
      fetched(fetch_result::failed);
      return give_up(page.reason);
    case disposition::suspend:
      fetched(fetch_result::refused);
      return page.reason == errc::unauthorized && job.credentials && !is_token_rejected ? refresh_token_once(page.reason)
                                                                                        : suspend(page.reason);
    case disposition::resume_from_store:
      give_back(std::exchange(reserved, 0));
      return resume_from_store();
    default:
      fetched(fetch_result::failed);
      self->quit(page.reason);
  }
}

void miner_state::try_again(const page_unreadable& page) {
  if (is_finishing)
    return retry({}); // whoever goes on tries again
  auto after = page.after.count() > 0 ? page.after : std::chrono::seconds{1};
  ++failures;
  tell(run_event::page_retried, "try " + std::to_string(failures) + " failed, the next one in " + milliseconds_text(after)
                                  + ": " + message_of(page.reason));
  fails(has_timed_out ? wait_reason::api_slow : wait_reason::backing_off, page.reason);
  retry(after);
}

/// Waiting is not failing: the gate holds this and all other requests of the budget back.
void miner_state::wait_for_limit(page_unreadable& page) {
  ++waits;
  tell(run_event::page_waits, (page.after.count() > 0 ? milliseconds_text(page.after) + ": " : "") + message_of(page.reason));
  if (page.pauses.empty())
    page.pauses.push_back({limit_scope::credential, page.after});
  self->send(job.services->gate, report_quota{job.connection, job.stream, std::move(page.pauses)});
  fails(wait_reason::quota, page.reason);
  retry(std::chrono::nanoseconds{0});
}

void miner_state::refused() {
  // The writer answers in order: it is the oldest page, which may be the one that is still being parsed.
  give_back(std::exchange(ahead.empty() ? reserved : ahead.front().bytes, 0));
  resume_from_store();
}

void miner_state::retry(std::chrono::nanoseconds after) {
  give_back(std::exchange(reserved, 0));
  if (is_finishing) {
    at = step::idle;
    finish();
    return;
  }
  if (after.count() == 0) {
    at = step::idle;
    return self->send(self, go_on{generation});
  }
  pause(step::pausing, after);
}

void miner_state::pause(step then, std::chrono::nanoseconds after) {
  at = then;
  shown.does(then == step::pausing ? doing::pausing : then == step::leaseless ? doing::leaseless : doing::resuming,
             then == step::pausing ? std::optional{job.services->now() + std::chrono::ceil<std::chrono::microseconds>(after)} : std::nullopt);
  timer_token += 2;
  self->send(job.services->timers, arm_timer{after, timer_token});
}

void miner_state::refresh_token_once(const caf::error& reason) {
  is_token_rejected = true;
  tell(run_event::page_retried, "with a new access token: " + message_of(reason));
  retry(std::chrono::nanoseconds{0});
}

void miner_state::give_up(const caf::error& reason) {
  ahead.push_back({version, std::exchange(reserved, 0), sent});
  at = step::draining;
  shown.does(doing::committing);
  const auto& connection = *job.connection;
  hashed_page page;
  page.generation = generation;
  page.tenant = connection.tenant;
  page.connection = connection.connection;
  page.stream = connection.streams[job.stream];
  page.shard = connection.claim.shard;
  page.epoch = connection.claim.epoch;
  page.partition = job.row.partition;
  page.stamp = stamp;
  page.move = {job.row.id, job.row.run, version, continuation_phase::failed, {}, message_of(reason)};
  page.handed_on = self->clock().now();
  self->send(job.services->writer_of(connection.claim.shard), std::move(page), page_client_actor{miner_actor{self}});
}

void miner_state::suspend(const caf::error& reason) {
  self->send(job.supervisor, connection_failed{job.connection->connection, job.row.run, reason,
                                               job.connection->stream(job.stream).name});
  self->quit();
}

void miner_state::resume_from_store() {
  if (in_flight)
    job.services->http->cancel(*std::exchange(in_flight, std::nullopt));
  void_pages();
  ++generation;
  leave_quarantine();
  if (is_finishing)
    return end(continuation_phase::open, false, {});
  timer_token += 2; // a pause that is cut short by this wakes nobody
  at = step::resuming;
  being_read.reset();
  shown.does(doing::resuming);
  self->request(job.services->keeper, caf::infinite, resume_continuation{job.row.id, job.connection})
    .then([this](const continuation_row& row) { begin(row); },
          [this](const caf::error& error) {
            if (error == errc::store_unavailable)
              return pause(step::resuming, std::chrono::seconds{1});
            if (error == errc::not_found || error == errc::stale_version)
              return end(continuation_phase::cancelled, false, {});
            self->quit(error);
          });
}

void miner_state::void_pages() {
  for (const auto& page : std::exchange(ahead, {}))
    voided.add(generation, page.bytes);
  auto bytes = std::exchange(reserved, 0);
  if (at == step::parsing)
    voided.add(generation, bytes);
  else
    give_back(bytes);
}

void miner_state::give_back(uint64_t bytes) {
  if (bytes > 0)
    self->send(job.services->gate, return_permit{bytes});
}

void miner_state::watch() {
  watch_token += 2;
  self->send(job.services->timers, arm_timer{job.services->page_deadline, watch_token | is_watch});
}

void miner_state::timer(uint64_t token) {
  if (token == timer_token && at == step::pausing) {
    at = step::idle;
    return self->send(self, go_on{generation});
  }
  if (token == timer_token && at == step::leaseless)
    return authorize(); // the token may have expired meanwhile
  if (token == timer_token && at == step::resuming)
    return resume_from_store();
  if (token != (watch_token | is_watch))
    return;
  // Only work that was handed on can be lost; a slow store, a quota and a pause are not losses.
  bool is_handed_on = at == step::parsing || at == step::draining || at == step::idle;
  const auto& health = *job.services->health;
  auto quiet_since = std::max(last_progress, health.last_late_answer());
  if (is_handed_on && !health.is_out() && self->clock().now() - quiet_since >= job.services->page_deadline) {
    tell(run_event::page_lost, {});
    resume_from_store();
    give_back(voided.leave_all());
  }
  watch();
}

void miner_state::finish_page() {
  if (std::exchange(is_finishing, true))
    return;
  switch (at) {
    case step::starting:
    case step::resuming: // nothing of this generation is in flight
      return end(continuation_phase::open, false, {});
    case step::permit: // given back when it comes; by the gate, when this actor has ended
    case step::token:
    case step::leaseless:
    case step::pausing:
      give_back(std::exchange(reserved, 0));
      lease_wait.reset();
      timer_token += 2;
      at = step::idle;
      break;
    default:
      break;
  }
  finish();
}

bool miner_state::finish() {
  if (!is_finishing || at != step::idle || !ahead.empty())
    return false;
  end(continuation_phase::open, false, {});
  return true;
}

void miner_state::stop(caf::error reason) {
  if (in_flight)
    job.services->http->cancel(*in_flight);
  if (reason == errc::not_owner) {
    bool is_page_in_flight = at == step::fetching || at == step::quarantined || at == step::parsing;
    job.services->report.abandoned(ahead.size() + (is_page_in_flight ? 1 : 0));
    reason = caf::exit_reason::user_shutdown;
  }
  self->quit(std::move(reason));
}

void miner_state::end(continuation_phase phase, bool run_ended, const std::string& reason) {
  if (in_flight)
    job.services->http->cancel(*in_flight);
  if (phase == continuation_phase::failed)
    tell(run_event::page_failed, reason);
  self->send(job.supervisor, continuation_ended{job.connection->connection, job.row.run, job.row.id, phase, run_ended,
                                                reason, quota_left});
  self->quit();
}

uint64_t miner_state::window() const {
  return careful_pages > 0 ? 1 : job.services->window;
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

void miner_state::fails(wait_reason why, const caf::error& reason) {
  if (job.services->board)
    shown.fails(why, mask_of(*job.connection, {access_token}).excerpt(message_of(reason), 500));
}

/// The request is made again for that: keeping it would cost every page.
void miner_state::report_call(const caf::error& reason) const {
  auto* box = job.services->errors;
  const bool was_out = at == step::fetching || at == step::quarantined || at == step::parsing;
  if (!box || !was_out || !box->has_room())
    return;
  const auto& connection = *job.connection;
  auto request = request_of_page();
  failed_call call{connection, job.row.stream, job.row.run, job.row.partition, job.services->now(), failures + waits + int64_t{1}};
  call.text = message_of(reason);
  call.request = request ? &*request : nullptr;
  call.response = being_read ? being_read->response() : nullptr;
  call.secrets = {access_token};
  box->add(described(call));
}

} // namespace lode

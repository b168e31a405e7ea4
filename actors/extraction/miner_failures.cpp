// What goes wrong with a page, and what becomes of it then.
#include <caf/all.hpp>

#include <random>

#include "actors/extraction/call_report.hpp"
#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/http_exchange.hpp"
#include "actors/extraction/miner.hpp"
#include "runtime/extraction/error_rules.hpp"

namespace lode {

namespace {

double spread() {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>{0, 1}(random);
}

std::string milliseconds_text(std::chrono::nanoseconds span) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(span).count()) + " ms";
}

bool is_timeout(http_failure kind) {
  return kind == http_failure::timeout_connect || kind == http_failure::timeout_first_byte
         || kind == http_failure::timeout_total;
}

} // namespace

void miner_state::no_request(const caf::error& why) {
  const auto& stream = job.connection->stream(job.stream);
  auto code = static_cast<errc>(why.code());
  if (disposition_of(code) == disposition::retry_later && is_last_try(stream, failures))
    code = errc::page_failed;
  // Nothing was asked, so nothing says for how long a limit lasts.
  auto after = wait_before_retry(stream, failures + waits, spread());
  unreadable({generation, caf::make_error(code, path() + ": " + message_of(why)), after, {}});
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

void miner_state::no_answer(const http_error& error) {
  has_timed_out = is_timeout(error.kind);
  const auto& connection = *job.connection;
  auto judged =
    judge(connection.stream(job.stream), error, {failures, waits, job.services->now(), spread(), connection.config});
  auto code = judged.action == verdict_action::retry  ? errc::unreachable
              : judged.action == verdict_action::wait ? errc::rate_limited
                                                      : errc::page_failed;
  unreadable({generation, caf::make_error(code, path() + ": " + judged.message), judged.after, {}});
}

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
      return page.reason == errc::unauthorized && job.credentials && !is_token_rejected
               ? refresh_token_once(page.reason)
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
  tell(run_event::page_retried, "try " + std::to_string(failures) + " failed, the next one in "
                                  + milliseconds_text(after) + ": " + message_of(page.reason));
  fails(has_timed_out ? wait_reason::api_slow : wait_reason::backing_off, page.reason);
  retry(after);
}

/// Waiting is not failing: the gate holds this and all other requests of the budget back.
void miner_state::wait_for_limit(page_unreadable& page) {
  ++waits;
  tell(run_event::page_waits,
       (page.after.count() > 0 ? milliseconds_text(page.after) + ": " : "") + message_of(page.reason));
  if (page.pauses.empty())
    page.pauses.push_back({limit_scope::credential, page.after});
  self->send(job.services->gate, report_quota{job.connection, job.stream, std::move(page.pauses)});
  fails(wait_reason::quota, page.reason);
  retry(std::chrono::nanoseconds{0});
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

void miner_state::refresh_token_once(const caf::error& reason) {
  is_token_rejected = true;
  tell(run_event::page_retried, "with a new access token: " + message_of(reason));
  retry(std::chrono::nanoseconds{0});
}

void miner_state::give_up(const caf::error& reason) {
  ahead.add({version, std::exchange(reserved, 0), sent});
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

void miner_state::refused() {
  // The writer answers in order: it is the oldest page, which may be the one that is still being parsed.
  give_back(ahead.empty() ? std::exchange(reserved, 0) : ahead.unbook_oldest());
  resume_from_store();
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
  for (const auto& page : ahead.take_all())
    voided.add(generation, page.bytes);
  auto bytes = std::exchange(reserved, 0);
  if (at == step::parsing)
    voided.add(generation, bytes);
  else
    give_back(bytes);
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
  failed_call call{connection,        job.row.stream,      job.row.run,
                   job.row.partition, job.services->now(), failures + waits + int64_t{1}};
  call.text = message_of(reason);
  call.request = request ? &*request : nullptr;
  call.response = being_read ? being_read->response() : nullptr;
  call.secrets = {access_token};
  box->add(described(call));
}

} // namespace lode

#include "actors/streaming/rechecker.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/http_exchange.hpp"
#include "runtime/extraction/limit_headers.hpp"
#include "runtime/extraction/record_fetch.hpp"
#include "runtime/extraction/record_form.hpp"

namespace lode {

rechecker_state::rechecker_state(rechecker_actor::pointer self, recheck_job job)
  : self(self), job(std::move(job)), left(this->job.rows.begin(), this->job.rows.end()) {}

rechecker_actor::behavior_type rechecker_state::make_behavior() {
  self->set_exit_handler([this](caf::exit_msg& exit) {
    give_back();
    self->quit(std::move(exit.reason));
  });
  ask();
  return {
    [this](permit_granted msg) {
      if (msg.generation != tries || at != step::permit) {
        self->send(job.services->gate, return_permit{msg.bytes});
        return;
      }
      reserved = msg.bytes;
      authorize();
    },
    [this](const response_arrived& msg) {
      if (msg.generation == tries && at == step::fetching)
        read(msg.exchange);
    },
    [this](const page_committed& msg) {
      if (msg.generation == tries)
        committed();
    },
    [this](const page_refused&) { self->quit(caf::exit_reason::user_shutdown); }, // its shard or its connection is another's
    [this](timer_fired fired) {
      if (fired.token == tries && at == step::leaseless)
        authorize();
    },
  };
}

void rechecker_state::ask() {
  // Keys of streams that the source no longer has, or that nobody chose: they wait for whoever knows them.
  while (!left.empty() && (stream = job.connection->index_of(row().stream)) == job.connection->streams.size())
    left.pop_front();
  if (left.empty())
    return self->quit(caf::exit_reason::user_shutdown);
  if (!job.connection->stream(stream).lode.live || !job.connection->stream(stream).lode.live->fetch)
    return postpone("its source does not say how one record is fetched (x-lode.live.fetch)");
  at = step::permit;
  ++tries;
  constexpr uint64_t expected = 4'096;
  self->send(job.services->gate,
             ask_permit{tries, job.connection->tenant, job.connection, static_cast<uint32_t>(stream), expected, false});
}

void rechecker_state::authorize() {
  if (!job.services->may_send()) {
    at = step::leaseless;
    self->send(job.services->timers, arm_timer{mining_services::lease_retry, tries});
    return;
  }
  if (!std::holds_alternative<oauth_auth>(job.connection->stream(stream).requester.authenticator) || !job.credentials)
    return fetch({});
  at = step::token;
  self->request(job.credentials, caf::infinite, ask_access_token{})
    .then([this](access_token& token) { fetch(token.value); }, [this](const caf::error& why) { postpone(message_of(why)); });
}

void rechecker_state::fetch(const std::string& access_token) {
  auto request = build_fetch(job.connection->stream(stream), {job.connection->config, row().key, access_token, job.services->now()});
  if (!request)
    return postpone(message_of(request.error()));
  at = step::fetching;
  sent = {0, job.connection->claim.epoch.value, job.services->clock->next()};
  job.services->http->start(std::move(*request), [me = caf::weak_actor_ptr{self->ctrl()}, asked = tries](http_result result) {
    if (auto alive = me.lock())
      caf::anon_send(caf::actor_cast<rechecker_actor>(alive),
                     response_arrived{asked, std::make_shared<const http_exchange>(http_exchange{std::move(result)})});
  });
}

void rechecker_state::read(exchange_pointer exchange) {
  const auto now = job.services->now();
  const auto& plan = job.connection->stream(stream);
  const judge_inputs inputs{0, 0, now, 0.5, job.connection->config};
  if (const auto* error = exchange->error())
    return postpone(error->message, judge(plan, *error, inputs).after);
  self->send(job.services->gate, correct_permit{std::exchange(reserved, exchange->response()->body.size()),
                                                exchange->response()->body.size()});
  received_response response{*exchange->response(), scratch};
  auto answer = read_fetched(plan, response, row().key, inputs, job.connection->hash_seed, records);
  if (answer.what == fetch_answer::outcome::refused) {
    self->send(job.services->gate,
               report_quota{job.connection, static_cast<uint32_t>(stream),
                            pauses_asked(plan.lode.limit_headers, exchange->response()->headers, answer.judged.after, now)});
    return postpone(answer.reason, answer.judged.after);
  }
  answer.record.key = row().key;
  answer.record.is_deleted = answer.what == fetch_answer::outcome::gone;
  commit(std::move(answer.record));
}

void rechecker_state::commit(hashed_record record) {
  at = step::committing;
  const auto& connection = *job.connection;
  const auto& lode = connection.stream(stream).lode;
  hashed_page page;
  page.generation = tries;
  page.tenant = connection.tenant;
  page.connection = connection.connection;
  page.stream = row().stream;
  page.shard = connection.claim.shard;
  page.epoch = connection.claim.epoch;
  page.stamp = {0, connection.claim.epoch.value, job.services->clock->next()};
  page.doubt_from = sent;
  page.recheck_in = lode.settle_time;
  page.form = std::make_shared<const record_form>(lode.ignore, connection.hash_seed);
  page.rechecked = {{row().key, row().asked}};
  page.body_bytes = record.payload.size();
  page.records.push_back(std::move(record));
  page.handed_on = self->clock().now();
  self->send(job.services->writer_of(page.shard), std::move(page), page_client_actor{self});
}

void rechecker_state::committed() {
  give_back();
  left.pop_front();
  ask();
}

void rechecker_state::postpone(const std::string&, std::chrono::nanoseconds after) {
  give_back();
  auto doubled = first_wait * (1 << std::min(row().attempts, 10));
  auto by = std::max<std::chrono::nanoseconds>(after, std::min<std::chrono::nanoseconds>(doubled, longest_wait));
  self->send(job.live->gaps, postpone_rechecks{job.connection->connection, job.connection->claim,
                                               {left.begin(), left.end()}, std::chrono::ceil<std::chrono::microseconds>(by)});
  self->quit(caf::exit_reason::user_shutdown);
}

void rechecker_state::give_back() {
  if (reserved > 0)
    self->send(job.services->gate, return_permit{std::exchange(reserved, 0)});
}

} // namespace lode

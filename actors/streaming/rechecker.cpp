#include "actors/streaming/rechecker.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/http_exchange.hpp"
#include "runtime/extraction/limit_headers.hpp"
#include "runtime/extraction/record_form.hpp"

namespace lode {

namespace {

/// The API answered, but not about this record: another one may go well.
bool is_of_this_record(const verdict& judged, int status) {
  return status < 300 || judged.action == verdict_action::rejected || judged.action == verdict_action::give_up_page;
}

} // namespace

rechecker_state::rechecker_state(rechecker_actor::pointer self, recheck_job job)
  : self(self), job(std::move(job)), left(this->job.rows.begin(), this->job.rows.end()) {
  const auto& connection = *this->job.connection;
  work_line line{worker::rechecker, connection.tenant, connection.connection,
                connection.connection_name + ": " + std::to_string(left.size()) + " records", 1};
  line.actor = self->id();
  shown = enter(this->job.services->board, std::move(line));
}

rechecker_actor::behavior_type rechecker_state::make_behavior() {
  self->set_exit_handler([this](caf::exit_msg& exit) {
    give_back();
    self->quit(std::move(exit.reason));
  });
  next();
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
      if (msg.generation == tries && at == step::committing)
        committed();
    },
    [this](const page_refused&) { end(); }, // its shard or its connection is another's
    [this](timer_fired fired) {
      if (fired.token != tries)
        return;
      if (at == step::leaseless)
        authorize();
      else if (at == step::committing)
        commit_deadline();
    },
  };
}

const stream_plan& rechecker_state::plan() const {
  return job.connection->stream(stream);
}

void rechecker_state::next() {
  // Keys of streams that the source no longer has, or that nobody chose: they wait for whoever knows them.
  while (!left.empty() && (stream = job.connection->index_of(row().stream)) == job.connection->streams.size())
    left.pop_front();
  if (left.empty())
    return end();
  if (!plan().lode.live || !plan().lode.live->fetch)
    return skip_stream("its source does not say how one record is fetched (x-lode.live.fetch)");
  ask();
}

void rechecker_state::ask() {
  at = step::permit;
  shown.does(doing::permit);
  ++tries;
  constexpr uint64_t expected = 4'096;
  self->send(job.services->gate,
             ask_permit{tries, job.connection->tenant, job.connection, static_cast<uint32_t>(stream), expected, false});
}

void rechecker_state::authorize() {
  if (!job.services->may_send()) {
    at = step::leaseless;
    shown.does(doing::leaseless);
    self->send(job.services->timers, arm_timer{mining_services::lease_retry, tries});
    return;
  }
  if (!std::holds_alternative<oauth_auth>(plan().requester.authenticator) || !job.credentials)
    return fetch({});
  at = step::token;
  shown.does(doing::token);
  self->request(job.credentials, caf::infinite, ask_access_token{})
    .then([this](access_token& token) { fetch(token.value); }, [this](const caf::error& why) { give_up(message_of(why)); });
}

void rechecker_state::fetch(const std::string& access_token) {
  auto request = build_fetch(plan(), {job.connection->config, key(), access_token, job.services->now()});
  if (!request) {
    auto why = message_of(request.error());
    return request.error() == errc::bad_argument && probes.empty() ? skip(why) : skip_stream(why);
  }
  at = step::fetching;
  shown.does(doing::fetching, job.services->now() + std::chrono::seconds{10});
  if (probes.empty())
    sent = {0, job.connection->claim.epoch.value, job.services->clock->next()};
  job.services->http->start(std::move(*request), [me = caf::weak_actor_ptr{self->ctrl()}, asked = tries](http_result result) {
    if (auto alive = me.lock())
      caf::anon_send(caf::actor_cast<rechecker_actor>(alive),
                     response_arrived{asked, std::make_shared<const http_exchange>(http_exchange{std::move(result)})});
  });
}

void rechecker_state::read(exchange_pointer exchange) {
  const auto now = job.services->now();
  const judge_inputs inputs{0, 0, now, 0.5, job.connection->config};
  if (const auto* error = exchange->error())
    return give_up(error->message, judge(plan(), *error, inputs).after);
  const auto& response = *exchange->response();
  if (probes.empty())
    received = {0, job.connection->claim.epoch.value, job.services->clock->next()};
  self->send(job.services->gate, correct_permit{std::exchange(reserved, response.body.size()), response.body.size()});
  received_response heard{response, scratch};
  auto answer = read_fetched(plan(), heard, key(), inputs, job.connection->hash_seed, records);
  if (answer.what == fetch_answer::outcome::refused)
    self->send(job.services->gate, report_quota{job.connection, static_cast<uint32_t>(stream),
                                                pauses_asked(plan().lode.limit_headers, response.headers, answer.judged.after, now)});
  judge_answer(answer, heard.status());
}

void rechecker_state::judge_answer(fetch_answer& answer, int status) {
  using outcome = fetch_answer::outcome;
  if (answer.what == outcome::refused && !is_of_this_record(answer.judged, status))
    return give_up(answer.reason, answer.judged.after);
  if (answer.what == outcome::found)
    proven.insert(stream);
  if (!probes.empty()) { // whatever it is, its own recheck will settle it
    probes.pop_front();
    ++probed;
    return proven.contains(stream) ? commit(*gone) : probe();
  }
  if (answer.what == outcome::refused)
    return skip(answer.reason);
  answer.record.key = row().key;
  answer.record.is_deleted = answer.what == outcome::gone;
  if (!answer.record.is_deleted || proven.contains(stream))
    return commit(answer.record);
  gone = std::move(answer.record);
  probed = 0;
  look_for_probes(row().key);
}

// -- the proof that the path is right -----------------------------------------------------------------------------------

/// Behind the key first: neighbours are likely to be of the same account, and so of the same path.
void rechecker_state::look_for_probes(std::string after) {
  at = step::probing;
  give_back();
  self->request(job.services->keeper, caf::infinite, load_live{job.connection->claim.shard, row().stream, after, false})
    .then(
      [this, after](const live_loaded& known) {
        if (choose_probes(known.facts))
          probe();
        else if (!after.empty())
          look_for_probes({});
        else
          path_is_unproven();
      },
      [this](const caf::error&) { end(); }); // the keys stay on the list
}

/// The latest facts about records that are not in doubt themselves; others each time: these may have gone unheard.
bool rechecker_state::choose_probes(const std::vector<live_fact>& facts) {
  std::vector<const live_fact*> live;
  for (const auto& fact : facts) {
    auto is_in_doubt = std::any_of(left.begin(), left.end(), [&](const auto& each) { return each.stream == row().stream && each.key == fact.key; });
    if (!fact.is_deleted && !is_in_doubt)
      live.push_back(&fact);
  }
  std::sort(live.begin(), live.end(), [](const auto* a, const auto* b) {
    return std::tie(a->order.epoch, a->order.counter) > std::tie(b->order.epoch, b->order.counter);
  });
  const auto begin = static_cast<size_t>(std::max(row().attempts, 0)) * most_probes;
  for (size_t i = 0; i < std::min(live.size(), most_probes); ++i)
    probes.push_back(live[(begin + i) % live.size()]->key);
  return !probes.empty();
}

void rechecker_state::probe() {
  give_back();
  if (probes.empty())
    return path_is_unproven();
  ask();
}

void rechecker_state::path_is_unproven() {
  auto others = probed == 0 ? "and no other record of the stream is known that could be asked for"
                            : "and of others that are known " + std::to_string(probed) + " could not be fetched either";
  skip_stream(std::string{"the API says that this record is not there, "} + others
              + ": x-lode.live.fetch.path may be wrong, so nothing was deleted");
}

// -- commits ------------------------------------------------------------------------------------------------------------

void rechecker_state::commit(const hashed_record& record) {
  at = step::committing;
  shown.does(doing::committing);
  const auto& connection = *job.connection;
  const auto& lode = plan().lode;
  hashed_page page;
  page.generation = tries;
  page.tenant = connection.tenant;
  page.connection = connection.connection;
  page.stream = row().stream;
  page.shard = connection.claim.shard;
  page.epoch = connection.claim.epoch;
  page.stamp = received;
  page.doubt_from = sent;
  page.recheck_in = lode.settle_time;
  page.form = std::make_shared<const record_form>(lode.ignore, connection.hash_seed);
  page.rechecked = {{row().key, row().asked}};
  page.body_bytes = record.payload.size();
  page.records.push_back(record);
  page.handed_on = self->clock().now();
  self->send(job.services->timers, arm_timer{job.services->page_deadline, tries});
  self->send(job.services->writer_of(page.shard), std::move(page), page_client_actor{self});
}

void rechecker_state::commit_deadline() {
  const auto& health = *job.services->health;
  const auto late = self->clock().now() - health.last_late_answer() < job.services->page_deadline;
  // In an outage, and behind pages that a slow store has just answered, it is late; else it died with its writer.
  if (health.is_out() || late)
    return self->send(job.services->timers, arm_timer{job.services->page_deadline, tries});
  end();
}

void rechecker_state::committed() {
  give_back();
  gone.reset();
  probes.clear();
  left.pop_front();
  next();
}

// -- what cannot be known -----------------------------------------------------------------------------------------------

void rechecker_state::skip(const std::string& why, std::chrono::nanoseconds after) {
  give_back();
  put_off({row()}, why, after);
  left.pop_front();
  next();
}

void rechecker_state::skip_stream(const std::string& why) {
  give_back();
  gone.reset();
  probes.clear();
  std::vector<recheck_row> rows;
  for (const auto& each : left)
    if (each.stream == row().stream)
      rows.push_back(each);
  std::erase_if(left, [of = row().stream](const auto& each) { return each.stream == of; });
  put_off(std::move(rows), why, {});
  next();
}

void rechecker_state::give_up(const std::string& why, std::chrono::nanoseconds after) {
  put_off({row()}, why, after, first_wait);
  left.pop_front();
  if (!left.empty())
    put_off({left.begin(), left.end()}, why, after);
  end();
}

void rechecker_state::put_off(std::vector<recheck_row> rows, const std::string& why, std::chrono::nanoseconds at_least,
                              std::chrono::nanoseconds more) {
  const auto fewest = std::min_element(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.attempts < b.attempts; });
  const std::chrono::nanoseconds doubled = first_wait * (1 << std::clamp(fewest->attempts, 0, 10));
  const auto by = std::max(at_least, std::min<std::chrono::nanoseconds>(doubled, longest_wait)) + more;
  self->send(job.live->gaps, postpone_rechecks{job.connection->connection, job.connection->claim, std::move(rows),
                                               std::chrono::ceil<std::chrono::microseconds>(by), why});
}

void rechecker_state::give_back() {
  if (reserved > 0)
    self->send(job.services->gate, return_permit{std::exchange(reserved, 0)});
}

void rechecker_state::end() {
  give_back();
  self->quit(caf::exit_reason::user_shutdown);
}

} // namespace lode

#include "actors/extraction/sweeper.hpp"

#include <caf/all.hpp>

#include <algorithm>

#include "actors/extraction/connection_context.hpp"
#include "messages/fault_point.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/extraction/evaluation.hpp"

namespace lode {

namespace {

constexpr auto store_retry = std::chrono::seconds{1};

/// The name of the cursor field of a stream that is read in windows, else nothing.
caf::expected<std::string> cursor_field_of(const connection_context& connection, size_t stream, instant now) {
  const auto& plan = connection.stream(stream);
  if (!plan.incremental)
    return std::string{};
  auto names = names_of(plan, connection.config, "", {}, now);
  if (!names)
    return names.error();
  return text_of(plan.incremental->cursor_field, *names, "cursor_field");
}

} // namespace

sweeper_state::sweeper_state(miner_actor::pointer self, miner_job job) : self(self), job(std::move(job)) {
  shown = enter(this->job.services->board, line_of(this->job, worker::sweeper, self->id()));
}

miner_actor::behavior_type sweeper_state::make_behavior() {
  self->monitor(job.supervisor);
  self->set_down_handler([this](const caf::down_msg&) { self->quit(caf::exit_reason::user_shutdown); });
  self->send(self, go_on{generation});
  return {
    [this](go_on) { begin(); },
    [](permit_granted) {},
    [](response_arrived&) {},
    [](page_parsed&) {},
    [](page_unreadable&) {},
    [this](const page_committed& page) {
      if (page.generation == generation)
        committed(page);
    },
    [this](const page_refused& page) {
      if (page.generation == generation)
        resume_from_store();
    },
    [this](finish_page) {
      is_finishing = true;
      if (!is_committing)
        end(continuation_phase::open, false, {});
    },
    [this](timer_fired fired) { timer(fired.token); },
  };
}

void sweeper_state::begin() {
  auto decoded = job.services->codec->decode(job.row.state);
  if (!decoded)
    return self->quit(decoded.error());
  state = std::move(*decoded);
  keys.clear();
  live = unseen = 0;
  ask<pass_standing>(load_pass{job.row.run, job.row.stream}, [this](const pass_standing& standing) { look_at(standing); });
}

void sweeper_state::look_at(const pass_standing& standing) {
  pass = standing;
  if (!pass.why_not.empty())
    return give_up(pass.comes_again ? continuation_phase::cancelled : continuation_phase::closed, pass.why_not);
  auto field = cursor_field_of(*job.connection, job.stream, job.services->now());
  if (!field)
    return give_up(continuation_phase::closed, message_of(field.error()));
  const auto& dates = job.connection->stream(job.stream).incremental;
  search.emplace(pass, marks_at_once, dates ? &*dates : nullptr, std::move(*field));
  next_round();
}

void sweeper_state::next_round() {
  search->begin_round(state.sweep_round());
  marks_read = 0;
  read_marks(0);
}

void sweeper_state::read_marks(int64_t after) {
  ask<pass_marks>(load_marks{job.row.stream, pass.pass, after}, [this](const pass_marks& marks) {
    search->add(marks.keys);
    marks_read += static_cast<int64_t>(marks.keys.size());
    if (marks.last > 0)
      return read_marks(marks.last);
    // Whatever took them away: a record without its mark would look as if it were gone.
    if (marks_read != pass.marks)
      return give_up(continuation_phase::closed, "its full pass left " + std::to_string(pass.marks) + " marks, and "
                                                      + std::to_string(marks_read) + " are there");
    search->end_marks();
    if (search->is_blind())
      return give_up(continuation_phase::closed,
                     "it met records whose keys could not be read, or the API refused to say what there is");
    read_live();
  });
}

void sweeper_state::read_live() {
  auto with_payload = job.connection->stream(job.stream).incremental.has_value();
  load_live question{job.connection->claim.shard, job.row.stream, state.sweep_after(), with_payload};
  ask<live_loaded>(std::move(question), [this](const live_loaded& loaded) { look_at(loaded.facts); });
}

void sweeper_state::look_at(const std::vector<live_fact>& facts) {
  if (facts.empty())
    return end_round();
  for (const auto& fact : facts) {
    state.set_sweep_after(fact.key);
    if (fact.is_deleted || !search->is_of_round(fact.key))
      continue;
    ++live;
    if (!search->is_unseen(fact))
      continue;
    if (!state.is_weighed()) {
      ++unseen;
      continue;
    }
    keys.push_back(fact.key);
    if (keys.size() == keys_per_commit)
      return commit(continuation_phase::open, {}); // the rest is looked at again, behind this key
  }
  read_live();
}

void sweeper_state::end_round() {
  state.clear_sweep_after();
  state.set_sweep_round(state.sweep_round() + 1);
  if (state.sweep_round() < search->rounds())
    return next_round();
  if (state.is_weighed())
    return commit(continuation_phase::closed, {});
  weighed();
}

void sweeper_state::weighed() {
  auto why = why_held(unseen, live, job.connection->stream(job.stream).lode.delete_brake_percent);
  if (why && !pass.is_confirmed) {
    const auto& c = *job.connection;
    return give_up(continuation_phase::failed,
                   *why + "; if they are really gone: lode connection confirm-deletes " + c.tenant_name + " "
                     + c.connection_name + " " + c.stream(job.stream).name + ", then lode run trigger " + c.tenant_name + " "
                     + c.connection_name + " --kind full");
  }
  if (unseen == 0)
    return commit(continuation_phase::closed, {});
  state.set_is_weighed(true);
  state.set_sweep_round(0);
  LODE_DIE_AT("sweeper.weighed");
  commit(continuation_phase::open, {});
}

void sweeper_state::commit(continuation_phase phase, const std::string& reason) {
  const auto& connection = *job.connection;
  hashed_page page;
  page.generation = generation;
  page.tenant = connection.tenant;
  page.connection = connection.connection;
  page.stream = job.row.stream;
  page.shard = connection.claim.shard;
  page.epoch = connection.claim.epoch;
  page.partition = job.row.partition;
  page.stamp = pass.began;
  page.is_sweep = true;
  page.unseen = std::exchange(keys, {});
  page.move = {job.row.id, job.row.run, job.row.version, phase, {}, reason};
  if (phase == continuation_phase::open) {
    auto sealed = job.services->codec->encode(state);
    if (!sealed)
      return self->quit(sealed.error());
    page.move.state = std::move(*sealed);
  }
  page.handed_on = self->clock().now();
  is_committing = true;
  shown.does(doing::committing);
  at_timer = [this, sent = page.handed_on] {
    const auto& health = *job.services->health;
    // In an outage, and while a slow store answers for pages that have waited long, it is late; else it died with its writer.
    if (!health.is_out() && self->clock().now() - std::max(sent, health.last_late_answer()) >= job.services->page_deadline)
      return resume_from_store();
    self->send(job.services->timers, arm_timer{job.services->page_deadline, timer_token});
  };
  self->send(job.services->timers, arm_timer{job.services->page_deadline, ++timer_token});
  self->send(job.services->writer_of(connection.claim.shard), std::move(page), page_client_actor{miner_actor{self}});
}

void sweeper_state::committed(const page_committed& page) {
  LODE_DIE_AT("sweeper.after_commit");
  ++timer_token;
  is_committing = false;
  job.row.version = page.version;
  if (page.phase != continuation_phase::open)
    return end(page.phase, page.run_ended, page.reason);
  if (is_finishing)
    return end(continuation_phase::open, false, {});
  // The first commit only says that it was weighed: its round begins with its marks.
  if (state.sweep_after().empty())
    return next_round();
  read_live();
}

void sweeper_state::give_up(continuation_phase phase, const std::string& why) {
  auto reason = job.connection->path_of(job.stream) + ": nothing was deleted: " + why;
  job.services->report.happened(run_event::not_swept, job.connection->about(job.row.run, job.row.stream), reason);
  keys.clear();
  commit(phase, reason);
}

void sweeper_state::resume_from_store() {
  ++generation;
  ++timer_token;
  is_committing = false;
  if (is_finishing)
    return end(continuation_phase::open, false, {});
  ask<continuation_row>(resume_continuation{job.row.id, job.connection}, [this](const continuation_row& row) {
    job.row = row;
    begin();
  });
}

template <class Reply, class Ask, class Then>
void sweeper_state::ask(Ask question, Then then) {
  shown.does(doing::sweeping);
  self->request(job.services->keeper, caf::infinite, question)
    .then([this, then, asked = generation](const Reply& reply) {
            if (asked == generation)
              then(reply);
          },
          [this, question, then, asked = generation](const caf::error& why) {
            if (asked == generation)
              failed(why, [this, question, then] { ask<Reply>(question, then); });
          });
}

void sweeper_state::failed(const caf::error& why, std::function<void()> again) {
  if (why == errc::store_unavailable) {
    at_timer = std::move(again);
    return self->send(job.services->timers, arm_timer{store_retry, ++timer_token});
  }
  if (why == errc::not_found || why == errc::stale_version)
    return end(continuation_phase::cancelled, false, {});
  self->quit(why);
}

void sweeper_state::timer(uint64_t token) {
  if (token == timer_token && at_timer) {
    auto action = at_timer; // it may set another
    action();
  }
}

void sweeper_state::end(continuation_phase phase, bool run_ended, const std::string& reason) {
  self->send(job.supervisor,
             continuation_ended{job.connection->connection, job.row.run, job.row.id, phase, run_ended, reason, {}});
  self->quit();
}

} // namespace lode

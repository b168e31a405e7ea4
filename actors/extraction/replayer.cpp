#include "actors/extraction/replayer.hpp"

#include <caf/all.hpp>

#include <utility>

#include "actors/extraction/connection_context.hpp"
#include "runtime/extraction/dead_letter.hpp"
#include "runtime/extraction/record_form.hpp"

namespace lode {

namespace {

constexpr uint64_t only_generation = 1;

} // namespace

replayer_state::replayer_state(replayer_actor::pointer self, services_pointer services, const tenant_supervisor_actor& supervisor)
  : self(self), services(std::move(services)) {
  self->monitor(supervisor);
  self->set_down_handler([this](const caf::down_msg&) { this->self->quit(caf::exit_reason::user_shutdown); });
}

replayer_actor::behavior_type replayer_state::make_behavior() {
  return {
    [this](const replay_dead_letter& msg) -> caf::result<void> {
      order = msg;
      asked = self->make_response_promise<void>();
      load();
      return asked;
    },
    [this](const page_committed&) { committed(); },
    [this](const page_refused&) {
      answer(caf::make_error(errc::conflict, "the connection was changed or its tenant moved meanwhile; try again"));
    },
    [this](timer_fired) { deadline(); },
  };
}

void replayer_state::load() {
  self->request(services->keeper, caf::infinite, load_connection{order.connection})
    .then(
      [this](const connection_pointer& connection) {
        self->request(services->keeper, caf::infinite, load_dead_letter{order.connection, order.dead_letter})
          .then([this, connection](const dead_letter& letter) { read(connection, letter); },
                [this](const caf::error& why) { answer(why); });
      },
      [this](const caf::error& why) { answer(why); });
}

void replayer_state::read(const connection_pointer& connection, const dead_letter& letter) {
  const auto index = connection->index_of(letter.stream);
  if (index == connection->streams.size())
    return answer(caf::make_error(errc::bad_argument, "its stream is no longer one of the connection's"));
  record_scratch scratch;
  auto record = read_again(letter.record, {connection->stream(index), connection->config, letter.run.value != 0, services->now(),
                                           connection->hash_seed}, scratch);
  if (!record)
    return answer(caf::make_error(errc::bad_argument, connection->path_of(index) + ": " + message_of(record.error())));
  commit(*connection, letter.stream, std::move(*record), letter.record.order);
}

void replayer_state::commit(const connection_context& connection, stream_id stream, hashed_record record, const fact_order& order) {
  const auto& lode = connection.stream(connection.index_of(stream)).lode;
  hashed_page page;
  page.generation = only_generation;
  page.tenant = connection.tenant;
  page.connection = connection.connection;
  page.stream = stream;
  page.shard = connection.claim.shard;
  page.epoch = connection.claim.epoch;
  page.stamp = {0, order.epoch, order.counter};
  if (connection.is_live())
    page.doubt_from = page.stamp;
  page.recheck_in = lode.settle_time;
  page.form = std::make_shared<const record_form>(lode.ignore, connection.hash_seed);
  page.body_bytes = record.payload.size();
  page.records.push_back(std::move(record));
  page.handed_on = self->clock().now();
  self->send(services->timers, arm_timer{services->page_deadline, only_generation});
  self->send(services->writer_of(page.shard), std::move(page), page_client_actor{self});
}

/// Removed after the commit: a crash between the two leaves a letter that does nothing when it is read again.
void replayer_state::committed() {
  self->request(services->keeper, caf::infinite, remove_dead_letter{order.connection, order.dead_letter})
    .then([this] { answer(); }, [this](const caf::error& why) { answer(why); });
}

void replayer_state::deadline() {
  answer(caf::make_error(errc::store_unavailable, "the store does not commit at the moment: " + services->health->why()));
}

void replayer_state::answer(const caf::error& why) {
  if (!asked.pending())
    return;
  if (why)
    asked.deliver(why);
  else
    asked.deliver();
  self->quit();
}

} // namespace lode

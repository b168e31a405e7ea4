#pragma once

#include <gmock/gmock.h>

#include "actors/extraction/fetch_gate.hpp"
#include "actors/extraction/miner_spawner.hpp"
#include "actors/extraction/processor.hpp"
#include "actors/extraction/quarantine.hpp"
#include "actors/supervision/timers.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/extraction/page_reader.hpp"
#include "runtime/http/scripted_http_client.hpp"
#include "tests/support/leases.hpp"
#include "tests/support/mining_fixtures.hpp"
#include "tests/support/stub_actor.hpp"

/// A miner with a real gate and a real processor, between a scripted API and a writer that the test plays.
namespace lode {

inline std::string page_body(int first, int count, const std::string& next) {
  std::string items;
  for (int i = first; i < first + count; ++i)
    items += (i > first ? "," : "") + ("{\"id\":\"" + std::to_string(i) + "\"}");
  return "{\"items\":[" + items + "]" + (next.empty() ? "" : ",\"next\":\"" + next + "\"") + "}";
}

/// Takes a logical time of the node whenever a request is sent.
class dating_http_client : public scripted_http_client {
public:
  explicit dating_http_client(logical_clock& clock) : clock_(clock) {}

  request_handle start(http_request request, callback done) override {
    sent_at.push_back(clock_.next());
    if (is_silent)
      return {};
    return scripted_http_client::start(std::move(request), std::move(done));
  }

  std::vector<int64_t> sent_at;
  bool is_silent = false;

private:
  logical_clock& clock_;
};

/// One miner between a scripted API and a writer that the test plays.
struct miner_test : stub_test {
  logical_clock clock;
  dating_http_client http{clock};
  continuation_codec codec{[](std::string_view text) { return std::string{text}; },
                           [](std::string_view text) { return std::string{text}; }};
  store_health health;
  lease held;
  std::atomic<int64_t> waiting{0};
  std::shared_ptr<activity_board> board = std::make_shared<activity_board>();
  call_error_box errors;
  uint64_t abandoned = 0;
  std::vector<hashed_page> pages; ///< that reached the writer
  std::vector<continuation_ended> endings;
  std::vector<std::string> suspensions;
  std::string suspended_stream;
  std::vector<noted_event> told;
  uint32_t resumed = 0;
  bool is_gone = false;        ///< the continuation is no longer open when the store is asked
  std::vector<int64_t> marks;  ///< whose page was alone in work, 0 = nobody's
  uint32_t opened = 0;         ///< children that the supervisor was told of
  uint32_t died = 0;           ///< records that the supervisor was told of
  int64_t bytes_in_flight = 0; ///< as the gate books them
  caf::error resume_error;
  continuation_row stored{continuation_id{5}, run_id{2}, stream_id{100}, "", {}, 1, "", 0, 0};

  timers_actor service = spawn<timers>();
  fetch_gate_actor gate =
    spawn<fetch_gate>(1'000'000u, [this](int64_t, int64_t, int64_t bytes) { bytes_in_flight = bytes; });
  page_writer_actor writer = spawn_fake<page_writer_actor>(
    [this](hashed_page& page, const page_client_actor&) { pages.push_back(std::move(page)); }, [](hold_pages) {},
    [](release_pages) {}, [](wake) {});
  run_keeper_actor keeper = spawn_stub<run_keeper_actor>(
    [this](resume_continuation) -> caf::result<continuation_row> {
      ++resumed;
      if (is_gone)
        return caf::make_error(errc::not_found, "no longer open");
      if (resume_error)
        return resume_error;
      return stored;
    },
    [this](mark_alone ask) -> caf::result<void> {
      marks.push_back(ask.continuation.value);
      if (is_gone && ask.continuation)
        return caf::make_error(errc::not_found, "no longer open");
      return caf::unit;
    });
  tenant_supervisor_actor supervisor = spawn_stub<tenant_supervisor_actor>(
    [this](const continuation_ended& msg) { endings.push_back(msg); },
    [this](const continuations_opened& msg) { opened += msg.count; },
    [this](const connection_failed& msg) {
      suspensions.push_back(message_of(msg.reason));
      suspended_stream = msg.stream;
    },
    [this](records_died msg) { died += msg.count; });
  source_plan_pointer plan = item_plan();
  processor_actor worker; ///< in place of a real one
  miner_actor actor;

  credential_keeper_actor credentials; ///< none, unless a test has one
  connection_pointer connection = item_connection(1, plan);
  std::shared_ptr<std::atomic<uint32_t>> open_runs = std::make_shared<std::atomic<uint32_t>>(1);

  /// Items come newest first; those before second 1,000 are known, and `resumed_at` of the slice is where it goes on.
  wire::continuation_state newest_first(const wire::descent& resumed_at = {}) {
    auto ordered = std::make_shared<source_plan>(*plan);
    auto& lode = ordered->streams[0].lode;
    lode.is_newest_first = true;
    lode.ordering_field = {"at"};
    lode.ordering_format = "%s";
    plan = ordered;
    connection = item_connection(1, plan);
    wire::continuation_state state;
    state.set_manifest_version(std::to_string(plan->hash));
    *state.mutable_newest_first() = resumed_at;
    state.mutable_newest_first()->set_end_below(1'000'000'000);
    stored.state = state.SerializeAsString();
    return state;
  }

  void SetUp() override { renew_for_ever(held); }

  void finish() {
    caf::anon_send(actor, finish_page{});
    run();
  }
  /// It ended, and its continuation is still open.
  bool has_left() const { return endings.size() == 1 && endings[0].phase == continuation_phase::open; }

  void mine(uint64_t window = 4, std::chrono::nanoseconds deadline = std::chrono::minutes{5}) {
    auto services = std::make_shared<mining_services>();
    services->timers = service;
    services->gate = gate;
    services->keeper = keeper;
    services->writers = {writer};
    services->processors = {worker ? worker : spawn<processor>(services->writers, &codec)};
    services->quarantine = spawn<quarantine>(
      quarantine_parts{service, keeper, services->processors, services->writers, &health, std::chrono::seconds{5}});
    services->http = &http;
    services->codec = &codec;
    services->clock = &clock;
    services->health = &health;
    services->now = [] { return instant{std::chrono::hours{500'000}}; };
    services->window = window;
    services->page_deadline = deadline;
    services->report.happened = note_into(told);
    services->board = board.get();
    services->report.fetched = [keep = board](auto&, auto) {}; // it outlives the actors
    services->errors = &errors;
    services->report.abandoned = [this](uint64_t count) { abandoned += count; };
    services->held = &held;
    services->waiting_for_lease = &waiting;
    actor = spawn_miner(system, miner_job{services, connection, stored, 0, supervisor, credentials, open_runs});
    actor_test::endings.push_back([miner = actor] { caf::anon_send_exit(miner, caf::exit_reason::kill); });
    run();
  }

  /// What the miner is seen to do.
  work_line seen() const {
    auto lines = board->of(tenant_id{1});
    return lines.empty() ? work_line{} : lines.front();
  }

  /// What the writer says of page `index`.
  void commit(size_t index) {
    const auto& page = pages.at(index);
    caf::anon_send(actor, page_committed{page.generation, page.move.expected_version + 1, page.move.phase, 0, false});
    run();
  }

  /// The one event of this kind; it names all that it concerns.
  noted_event only(run_event event) {
    auto found = events_of(told, event);
    EXPECT_EQ(found.size(), 1u);
    if (found.empty())
      return {};
    const auto& subject = found[0].subject;
    EXPECT_EQ(subject.tenant + "/" + subject.connection + "/" + subject.stream, "tenant1/items/items");
    EXPECT_EQ(subject.run, stored.run);
    EXPECT_EQ(subject.store_generation, connection->store_generation);
    return found[0];
  }

  std::vector<int64_t> versions() const {
    std::vector<int64_t> result;
    for (const auto& page : pages)
      result.push_back(page.move.expected_version);
    return result;
  }
};

} // namespace lode

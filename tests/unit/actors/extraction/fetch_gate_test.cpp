#include "actors/extraction/fetch_gate.hpp"

#include "actors/supervision/timers.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

struct fetch_gate_test : actor_test {
  /// A client of the gate: passes on what it is told to ask, keeps what it is granted.
  using client_interface = caf::typed_actor<caf::result<void>(permit_granted), caf::result<void>(ask_permit),
                                            caf::result<void>(correct_permit), caf::result<void>(return_permit),
                                            caf::result<void>(report_quota)>;
  struct client_state {
    static constexpr const char* name = "client";
    client_state(client_interface::pointer self, fetch_gate_actor gate, std::vector<int64_t>* grants, int64_t tenant)
      : self(self), gate(std::move(gate)), grants(grants), tenant(tenant) {}
    client_interface::behavior_type make_behavior() {
      return {[this](permit_granted) { grants->push_back(tenant); },
              [this](const ask_permit& ask) { self->send(gate, ask); },
              [this](correct_permit permit) { self->send(gate, permit); },
              [this](return_permit permit) { self->send(gate, permit); },
              [this](const report_quota& report) { self->send(gate, report); }};
    }
    client_interface::pointer self;
    fetch_gate_actor gate;
    std::vector<int64_t>* grants;
    int64_t tenant;
  };

  timers_actor service = spawn<timers>();
  fetch_gate_actor gate = spawn<fetch_gate>(service, 1000u, fetch_gate_report{});
  std::vector<int64_t> grants;
  source_plan_pointer plan = item_plan();

  auto client(int64_t tenant) { return spawn<client_interface::stateful_impl<client_state>>(gate, &grants, tenant); }

  ask_permit request(int64_t tenant, uint64_t bytes, bool is_ahead = false) {
    return {1, tenant_id{tenant}, item_connection(tenant, plan), 0, bytes, is_ahead};
  }
};

} // namespace

TEST_F(fetch_gate_test, a_request_within_all_budgets_is_granted_at_once) {
  caf::anon_send(client(1), request(1, 100));
  run();
  EXPECT_EQ(grants, std::vector<int64_t>{1});
}

TEST_F(fetch_gate_test, a_declared_rate_is_kept) {
  plan = item_plan({{rate_budget::scope::credential, 2, 1s}});
  auto asker = client(1);
  for (int i = 0; i < 5; ++i)
    caf::anon_send(asker, request(1, 1));
  run();
  EXPECT_EQ(grants.size(), 2u);
  advance(600ms);
  EXPECT_EQ(grants.size(), 3u);
  advance(2s);
  EXPECT_EQ(grants.size(), 5u);
}

TEST_F(fetch_gate_test, a_pause_that_one_response_asked_for_holds_back_its_credential_and_no_other) {
  auto first = client(1);
  auto second = client(2);
  caf::anon_send(first, report_quota{item_connection(1, plan), 0, {{limit_scope::credential, 1s}}});
  caf::anon_send(first, request(1, 1));
  caf::anon_send(second, request(2, 1));
  run();
  EXPECT_EQ(grants, std::vector<int64_t>{2});
  advance(1100ms);
  EXPECT_EQ(grants, (std::vector<int64_t>{2, 1}));
}

TEST_F(fetch_gate_test, a_used_up_app_limit_holds_back_all_tenants_of_the_source_and_no_other_source) {
  auto other_source = std::make_shared<source_plan>(*plan);
  other_source->name = "another-api";
  caf::anon_send(client(1), report_quota{item_connection(1, plan), 0, {{limit_scope::app, 1s}}});
  caf::anon_send(client(1), request(1, 1));
  caf::anon_send(client(2), request(2, 1));
  plan = other_source;
  caf::anon_send(client(3), request(3, 1));
  run();
  EXPECT_EQ(grants, std::vector<int64_t>{3});
  advance(1100ms);
  EXPECT_EQ(grants.size(), 3u);
}

TEST_F(fetch_gate_test, a_used_up_endpoint_limit_holds_back_its_stream_alone) {
  auto two_streams = std::make_shared<source_plan>(*plan);
  two_streams->streams.push_back(two_streams->streams[0]);
  two_streams->streams[1].name = "others";
  plan = two_streams;
  auto asker = client(1);
  caf::anon_send(asker, report_quota{item_connection(1, plan), 0, {{limit_scope::endpoint, 1s}}});
  caf::anon_send(asker, request(1, 1));
  run();
  EXPECT_TRUE(grants.empty());
  auto of_other_stream = request(1, 1);
  of_other_stream.stream = 1;
  caf::anon_send(asker, of_other_stream);
  run();
  EXPECT_EQ(grants.size(), 1u);
}

TEST_F(fetch_gate_test, a_pause_also_holds_back_what_had_passed_its_quota_and_waits_for_bytes) {
  auto first = client(1);
  caf::anon_send(first, request(1, 900));
  caf::anon_send(client(2), request(2, 900));
  run();
  ASSERT_EQ(grants, std::vector<int64_t>{1});
  caf::anon_send(first, report_quota{item_connection(1, plan), 0, {{limit_scope::app, 1s}}});
  caf::anon_send(first, return_permit{900});
  run();
  EXPECT_EQ(grants, std::vector<int64_t>{1});
  advance(1100ms);
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 2}));
}

TEST_F(fetch_gate_test, bytes_in_flight_never_exceed_the_budget) {
  auto asker = client(1);
  caf::anon_send(asker, request(1, 600));
  caf::anon_send(asker, request(1, 600));
  run();
  EXPECT_EQ(grants.size(), 1u);
  caf::anon_send(asker, return_permit{600});
  run();
  EXPECT_EQ(grants.size(), 2u);
}

TEST_F(fetch_gate_test, a_response_larger_than_was_reserved_is_booked_as_it_is_and_holds_back_what_comes_next) {
  auto asker = client(1);
  caf::anon_send(asker, request(1, 100));
  caf::anon_send(asker, correct_permit{100, 5000});
  caf::anon_send(asker, request(1, 100));
  run();
  EXPECT_EQ(grants.size(), 1u);
  caf::anon_send(asker, return_permit{5000});
  run();
  EXPECT_EQ(grants.size(), 2u);
}

TEST_F(fetch_gate_test, a_response_smaller_than_was_reserved_makes_room_at_once) {
  auto asker = client(1);
  caf::anon_send(asker, request(1, 900));
  caf::anon_send(asker, request(1, 900));
  run();
  ASSERT_EQ(grants.size(), 1u);
  caf::anon_send(asker, correct_permit{900, 50});
  run();
  EXPECT_EQ(grants.size(), 2u);
}

TEST_F(fetch_gate_test, a_corrected_reservation_is_free_again_when_its_client_dies) {
  auto doomed = client(1);
  caf::anon_send(doomed, request(1, 100));
  caf::anon_send(doomed, correct_permit{100, 5000});
  run();
  caf::anon_send(client(2), request(2, 900));
  run();
  ASSERT_EQ(grants, std::vector<int64_t>{1});
  caf::anon_send_exit(doomed, caf::exit_reason::kill);
  run();
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 2}));
}

TEST_F(fetch_gate_test, tenants_take_turns_when_bytes_are_short) {
  auto greedy = client(1);
  auto modest = client(2);
  for (int i = 0; i < 4; ++i)
    caf::anon_send(greedy, request(1, 900));
  caf::anon_send(modest, request(2, 900));
  run();
  ASSERT_EQ(grants, std::vector<int64_t>{1});
  for (int i = 0; i < 3; ++i) {
    caf::anon_send(grants.back() == 1 ? greedy : modest, return_permit{900});
    run();
  }
  EXPECT_EQ(grants[2], 2) << "the modest tenant waits for one page of the greedy one, not for all of them";
}

TEST_F(fetch_gate_test, what_a_client_holds_is_free_again_when_it_dies) {
  auto doomed = client(1);
  caf::anon_send(doomed, request(1, 900));
  run();
  caf::anon_send(client(2), request(2, 900));
  run();
  ASSERT_EQ(grants.size(), 1u);
  caf::anon_send_exit(doomed, caf::exit_reason::kill);
  run();
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 2}));
}

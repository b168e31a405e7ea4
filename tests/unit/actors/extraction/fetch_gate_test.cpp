#include "actors/extraction/fetch_gate.hpp"

#include "actors/extraction/permit_budgets.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/mining_fixtures.hpp"
#include "tests/support/turn_ledger.hpp"

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

  fetch_gate_actor gate = spawn<fetch_gate>(1000u, fetch_gate_report{});
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
  EXPECT_EQ(grants.size(), 0u);
  advance(1100ms);
  EXPECT_EQ(grants.size(), 2u);
  advance(2s);
  EXPECT_EQ(grants.size(), 5u);
}

TEST_F(fetch_gate_test, several_limits_of_one_scope_all_hold) {
  plan = item_plan({{rate_budget::scope::credential, 100, 1s}, {rate_budget::scope::credential, 2, 10s}});
  auto asker = client(1);
  for (int i = 0; i < 5; ++i)
    caf::anon_send(asker, request(1, 1));
  advance(10s);
  EXPECT_EQ(grants.size(), 1u);
  advance(1s);
  EXPECT_EQ(grants.size(), 2u);
}

TEST_F(fetch_gate_test, what_waits_for_bytes_uses_up_no_quota_and_goes_out_in_no_burst) {
  plan = item_plan({{rate_budget::scope::credential, 10, 1s}});
  auto asker = client(1);
  for (int i = 0; i < 9; ++i) {
    caf::anon_send(asker, request(1, i == 0 ? 1000 : 1));
    advance(200ms);
  }
  ASSERT_EQ(grants.size(), 1u) << "the first one has all bytes";
  caf::anon_send(asker, return_permit{1000});
  run();
  EXPECT_EQ(grants.size(), 2u);
  advance(2s);
  EXPECT_EQ(grants.size(), 9u);
}

TEST_F(fetch_gate_test, those_that_a_budget_holds_back_go_in_the_order_in_which_they_asked) {
  plan = item_plan({{rate_budget::scope::app, 4, 1s}});
  for (int64_t tenant : {3, 1, 2})
    caf::anon_send(client(tenant), request(tenant, 1));
  advance(2s);
  EXPECT_EQ(grants, (std::vector<int64_t>{3, 1, 2}));
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

TEST_F(fetch_gate_test, requests_that_wait_for_bytes_do_not_stop_those_that_wait_for_a_quota) {
  auto greedy = client(1);
  for (int i = 0; i < 6; ++i)
    caf::anon_send(greedy, request(1, 900));
  run();
  plan = item_plan({{rate_budget::scope::credential, 10, 1s}});
  caf::anon_send(client(2), request(2, 900));
  advance(500ms);
  for (int i = 0; i < 2; ++i) {
    caf::anon_send(greedy, return_permit{900});
    advance(200ms);
  }
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 1, 2}));
}

TEST_F(fetch_gate_test, while_the_front_of_a_budget_waits_for_bytes_the_others_stay_behind_it_and_all_go_in_the_end) {
  auto holder = client(1);
  caf::anon_send(holder, request(1, 1000));
  run();
  plan = item_plan({{rate_budget::scope::app, 10, 1s}});
  for (int64_t tenant : {4, 2, 3})
    caf::anon_send(client(tenant), request(tenant, 10));
  advance(2s);
  ASSERT_EQ(grants, std::vector<int64_t>{1});
  caf::anon_send(holder, return_permit{1000});
  run();
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 4})) << "one turn, one request";
  advance(2s);
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 4, 2, 3}));
}

TEST_F(fetch_gate_test, what_had_waited_for_bytes_and_is_held_back_again_keeps_its_place) {
  auto holder = client(1);
  caf::anon_send(holder, request(1, 1000));
  caf::anon_send(client(2), request(2, 100));
  run();
  caf::anon_send(holder, report_quota{item_connection(1, plan), 0, {{limit_scope::app, 1s}}});
  run();
  caf::anon_send(client(3), request(3, 100));
  run();
  caf::anon_send(holder, return_permit{1000});
  run();
  ASSERT_EQ(grants, std::vector<int64_t>{1});
  advance(1100ms);
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 2, 3}));
}

TEST_F(fetch_gate_test, a_large_request_keeps_its_place_while_smaller_ones_pass) {
  auto holder = client(1);
  caf::anon_send(holder, request(1, 400));
  caf::anon_send(holder, request(1, 500));
  run();
  for (int64_t tenant : {2, 3, 4})
    caf::anon_send(client(tenant), request(tenant, tenant == 4 ? 100 : 900));
  run();
  caf::anon_send(holder, return_permit{400});
  run();
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 1, 4}));
  caf::anon_send(holder, return_permit{500});
  run();
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 1, 4, 2}));
}

TEST_F(fetch_gate_test, the_request_of_a_dead_client_uses_up_no_turn) {
  plan = item_plan({{rate_budget::scope::app, 1, 1s}});
  auto doomed = client(1);
  caf::anon_send(doomed, request(1, 1));
  run();
  caf::anon_send(client(2), request(2, 1));
  run();
  caf::anon_send_exit(doomed, caf::exit_reason::kill);
  advance(1100ms);
  EXPECT_EQ(grants, std::vector<int64_t>{2});
}

TEST_F(fetch_gate_test, a_dead_client_that_waited_for_bytes_does_not_stop_its_budget) {
  auto holder = client(1);
  caf::anon_send(holder, request(1, 1000));
  run();
  plan = item_plan({{rate_budget::scope::app, 10, 1s}});
  auto doomed = client(2);
  caf::anon_send(doomed, request(2, 10));
  run();
  caf::anon_send(client(3), request(3, 10));
  advance(1s);
  caf::anon_send_exit(doomed, caf::exit_reason::kill);
  run();
  caf::anon_send(holder, return_permit{1000});
  advance(1s);
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 3}));
}

TEST_F(fetch_gate_test, a_client_that_asks_again_with_a_higher_generation_uses_one_turn) {
  plan = item_plan({{rate_budget::scope::app, 1, 1s}});
  auto asker = client(1);
  caf::anon_send(asker, request(1, 1));
  auto again = request(1, 1);
  again.generation = 2;
  caf::anon_send(asker, again);
  run();
  caf::anon_send(client(2), request(2, 1));
  advance(2200ms);
  EXPECT_EQ(grants, (std::vector<int64_t>{1, 2}));
}

TEST_F(fetch_gate_test, a_limit_that_is_declared_twice_is_one_limit) {
  plan = item_plan({{rate_budget::scope::app, 2, 1s}, {rate_budget::scope::app, 2, 1s}});
  auto limits = limits_of(*item_connection(1, plan), 0);
  EXPECT_EQ(limits.size(), 5u) << "one of each scope, and this one";
}

namespace {

/// Two gates, each with its own leaser in front of one Redis.
struct shared_gate_test : fetch_gate_test {
  struct side {
    turn_leaser_actor leaser;
    fetch_gate_actor gate;
    bool has_redis = true;
    bool refuses_turns = false; ///< it answers looks
    bool is_fallback = false;
    std::map<lease_result, int> leases;
    std::vector<caf::actor_clock::time_point> used;
    size_t most_budgets = 0; ///< that one order asked for before the first request went
  };

  void start(side& each, const std::string& name) {
    each.leaser = spawn_fake<turn_leaser_actor>([this, &each, name](const lease_turns& order) -> caf::result<turns_leased> {
      if (each.used.empty())
        each.most_budgets = std::max(each.most_budgets, order.wanted.size());
      const auto is_answered = each.has_redis && !(each.refuses_turns && order.step != lease_step::look);
      auto answer = is_answered ? redis.lease(name, order, now()) : std::nullopt;
      if (!answer)
        return caf::make_error(errc::unreachable, "no Redis");
      return std::move(*answer);
    });
    budget_sharing sharing;
    sharing.leaser = each.leaser;
    sharing.live_nodes = [this] { return nodes; };
    sharing.leased = [&each](lease_result result) { ++each.leases[result]; };
    sharing.fallback = [&each](bool is, const std::string&) { each.is_fallback = is; };
    each.gate = spawn<fetch_gate>(1'000'000u, fetch_gate_report{}, sharing);
  }

  /// `count` requests of the app's budget, from a client that notes when it may send them.
  void ask_for(side& each, int count, std::vector<rate_budget> budgets = {{rate_budget::scope::app, 20, 10s}}) {
    auto plan = item_plan(std::move(budgets));
    auto asker = system.spawn([this, &each, plan, count](client_interface::pointer self) -> client_interface::behavior_type {
      for (int i = 0; i < count; ++i)
        self->send(each.gate, ask_permit{1, tenant_id{1}, item_connection(1, plan), 0, 1, false});
      return {[this, &each](permit_granted) { each.used.push_back(now()); }, [](const ask_permit&) {},
              [](correct_permit) {}, [](return_permit) {},
              [self, &each](const report_quota& report) { self->send(each.gate, report); }};
    });
    endings.push_back([asker] { caf::anon_send_exit(asker, caf::exit_reason::kill); });
    run();
  }

  caf::actor_clock::time_point now() { return system.clock().now(); }

  std::vector<caf::actor_clock::time_point> used_by_both() {
    auto all = a.used;
    all.insert(all.end(), b.used.begin(), b.used.end());
    std::sort(all.begin(), all.end());
    return all;
  }

  uint32_t nodes = 2;
  turn_ledger redis;
  side a, b;
};

} // namespace

TEST_F(shared_gate_test, two_gates_use_one_budget_through_Redis_and_the_busy_one_all_of_it) {
  start(a, "n1"), start(b, "n2");
  advance(8s);
  EXPECT_FALSE(a.is_fallback || b.is_fallback);
  ask_for(a, 1'000);
  advance(5s); // a budget that is new in Redis begins with turns that are nobody's
  const auto begun = a.used.size();
  advance(30s);
  EXPECT_GE(a.used.size() - begun, 55u) << "b does not need its part";
  EXPECT_GT(a.leases[lease_result::refused], 0);
  ask_for(b, 1'000);
  advance(60s);
  EXPECT_EQ(first_over_budget(used_by_both(), 20, 10s), used_by_both().size());
  EXPECT_GE(b.used.size(), 30u);
}

TEST_F(shared_gate_test, without_Redis_each_gate_takes_its_part_and_the_sum_stays_within_the_budget) {
  start(a, "n1"), start(b, "n2");
  advance(8s);
  ask_for(a, 1'000), ask_for(b, 1'000);
  advance(30s);
  a.has_redis = b.has_redis = false;
  advance(60s);
  EXPECT_TRUE(a.is_fallback && b.is_fallback);
  EXPECT_GT(a.leases[lease_result::failed], 0);
  a.has_redis = true; // and b still without
  advance(60s);
  b.has_redis = true;
  advance(30s);
  redis.flush();
  advance(30s);
  EXPECT_FALSE(a.is_fallback || b.is_fallback);
  EXPECT_EQ(first_over_budget(used_by_both(), 20, 10s), used_by_both().size());
  EXPECT_GE(used_by_both().size(), 210 * 2 * 85u / 100);
}

TEST_F(shared_gate_test, a_leaser_that_ended_costs_a_gate_no_more_than_Redis_does) {
  start(a, "n1");
  advance(8s);
  caf::anon_send_exit(a.leaser, caf::exit_reason::kill);
  advance(5s);
  EXPECT_TRUE(a.is_fallback);
  ask_for(a, 1'000);
  advance(60s);
  EXPECT_GE(a.used.size(), 50u) << "its part: one of two";
}

TEST_F(shared_gate_test, a_pause_that_one_gate_was_told_holds_for_the_other_one) {
  start(a, "n1"), start(b, "n2");
  advance(8s);
  auto plan = item_plan({{rate_budget::scope::app, 20, 10s}});
  caf::anon_send(a.gate, report_quota{item_connection(1, plan), 0, {{limit_scope::app, 1min}}});
  advance(1s);
  ask_for(b, 10);
  advance(50s);
  EXPECT_EQ(b.used.size(), 0u);
  advance(20s);
  EXPECT_EQ(b.used.size(), 10u);
}

TEST_F(shared_gate_test, a_request_with_two_shared_budgets_asks_for_turns_of_both_at_once) {
  nodes = 1;
  start(a, "n1");
  advance(8s);
  ask_for(a, 100, {{rate_budget::scope::app, 20, 10s}, {rate_budget::scope::app, 600, 60s}});
  advance(30s);
  EXPECT_EQ(a.most_budgets, 2u);
  EXPECT_GE(a.used.size(), 30u);
}

TEST_F(shared_gate_test, a_Redis_that_answers_and_hands_out_no_turns_costs_a_gate_no_more_than_none) {
  nodes = 1;
  a.refuses_turns = true;
  start(a, "n1");
  ask_for(a, 1'000);
  advance(60s);
  EXPECT_TRUE(a.is_fallback);
  EXPECT_GE(a.used.size(), 90u) << "of 115";
}

// -- what people see -----------------------------------------------------------------------------------------------------

namespace {

struct shown_gate_test : fetch_gate_test {
  std::shared_ptr<activity_board> board = std::make_shared<activity_board>();
  std::vector<activity_board::entry> entries;
  fetch_gate_actor shown_gate = spawn<fetch_gate>(
    1000u, [keep = board](int64_t, int64_t, int64_t) {}, budget_sharing{}, board.get());

  /// A client that stands on the board as one that asks for a permit.
  auto shown_client(int64_t tenant) {
    auto made = spawn<client_interface::stateful_impl<client_state>>(shown_gate, &grants, tenant);
    work_line line{worker::miner, tenant_id{tenant}, connection_id{tenant * 10}};
    line.actor = made.id();
    entries.push_back(board->enter(std::move(line)));
    entries.back().does(doing::permit);
    return made;
  }
  work_line seen(int64_t tenant) const { return board->of(tenant_id{tenant}).at(0); }
};

} // namespace

TEST_F(shown_gate_test, who_waits_for_a_limit_shows_which_and_until_when) {
  plan = item_plan({{rate_budget::scope::credential, 1, 60s}});
  auto asker = shown_client(1);
  for (int i = 0; i < 3; ++i)
    caf::anon_send(asker, request(1, 1));
  run();
  EXPECT_EQ(seen(1).step, doing::quota);
  EXPECT_TRUE(seen(1).until);
  EXPECT_EQ(seen(1).detail, "the limit of this connection: 1 requests per 60000 ms");
}

TEST_F(shown_gate_test, a_pause_that_the_api_asked_for_is_shown_as_such) {
  auto asker = shown_client(1);
  caf::anon_send(asker, report_quota{item_connection(1, plan), 0, {{limit_scope::app, 30s}}});
  caf::anon_send(asker, request(1, 1));
  run();
  EXPECT_EQ(seen(1).step, doing::quota);
  EXPECT_EQ(seen(1).detail, "the limit of its app, as the API said last");
}

TEST_F(shown_gate_test, who_waits_for_bytes_shows_that) {
  auto first = shown_client(1);
  caf::anon_send(first, request(1, 900));
  run();
  auto second = shown_client(2);
  caf::anon_send(second, request(2, 900));
  run();
  EXPECT_EQ(seen(1).step, doing::permit) << "it was granted: the next word is its own";
  EXPECT_EQ(seen(2).step, doing::bytes);
  EXPECT_FALSE(seen(2).until);
}

#include "cluster/sharding/tenant_router.hpp"

#include <map>

#include "actors/supervision/timers.hpp"
#include "cluster/links/peer_codec.hpp"
#include "tests/support/actor_test.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

constexpr incarnation me{1};
constexpr incarnation other{2};
constexpr tenant_id tenant{7};

/// A router with a ledger, a region and links that do what the test says.
struct tenant_router_test : actor_test {
  struct row {
    bool is_settled = false;
    command_outcome outcome = command_outcome::done;
    std::string reason;
  };
  std::map<std::string, row> ledger;
  caf::error keeper_fails;  ///< each take
  caf::error settle_fails;
  caf::error region_fails;
  bool region_waits = false;
  std::vector<caf::typed_response_promise<void>> at_work;
  int carried_out = 0;
  int asked_peer = 0;
  std::optional<command_answer> peer_answers;
  caf::error peer_fails;

  template <class Handle, class... Handlers>
  Handle fake(Handlers... handlers) {
    auto made = system.spawn([=](caf::event_based_actor*) -> caf::behavior { return {handlers...}; });
    endings.push_back([made] { caf::anon_send_exit(made, caf::exit_reason::kill); });
    return caf::actor_cast<Handle>(made);
  }

  run_keeper_actor keeper = fake<run_keeper_actor>(
    [this](const take_command& take) -> caf::result<command_standing> {
      if (keeper_fails)
        return keeper_fails;
      auto [i, is_new] = ledger.try_emplace(take.id);
      return command_standing{is_new, i->second.is_settled, i->second.outcome, i->second.reason, {}};
    },
    [this](const settle_command& settle) -> caf::result<void> {
      if (settle_fails)
        return settle_fails;
      if (settle.is_given_back)
        ledger.erase(settle.id);
      else
        ledger[settle.id] = {true, settle.outcome, settle.reason};
      return {};
    });
  shard_region_actor region = caf::actor_cast<shard_region_actor>([this] {
    auto made = system.spawn([this](caf::event_based_actor* self) -> caf::behavior {
      return {[this](caf::ok_atom) {
                for (auto& promise : at_work)
                  promise.deliver();
                at_work.clear();
              },
              [this, self](const deliver_command&) -> caf::result<void> {
        ++carried_out;
        if (region_waits) {
          auto promise = self->make_response_promise<void>();
          at_work.push_back(promise);
          return promise;
        }
        if (region_fails)
          return region_fails;
        return {};
      }};
    });
    endings.push_back([made] { caf::anon_send_exit(made, caf::exit_reason::kill); });
    return made;
  }());
  peer_links_actor links = fake<peer_links_actor>([this](const ask_peer&) -> caf::result<peer_message> {
    ++asked_peer;
    if (!peer_answers)
      return peer_fails;
    return *encode({1, true, {}, *peer_answers});
  });
  timers_actor clock = spawn<timers>();
  tenant_router_actor router = spawn<tenant_router>(tenant_router_parts{me, "a", keeper, region, links, clock, {3, 8'000, 5s}});

  void own(incarnation owner) {
    caf::anon_send(router, view_seen{std::make_shared<cluster_view>(
                             cluster_view{1, {{"a", me, node_state::member, 100, 0, ""}, {"b", other, node_state::member, 100, 0, ""}}})});
    caf::anon_send(router, shard_table_pointer{std::make_shared<shard_table>(
                             shard_table{std::vector<incarnation>(default_shard_count, owner)})});
    run();
  }
  caf::expected<command_answer> command(const std::string& id, tenant_id to = tenant) {
    return ask<command_answer>(router, ask_tenant{id, {to, begin_run{}}});
  }
  /// Asks without waiting for the answer.
  std::shared_ptr<std::optional<command_answer>> begin(const std::string& id, tenant_id to = tenant) {
    auto out = std::make_shared<std::optional<command_answer>>();
    auto asker = system.spawn([this, out, id, to](caf::event_based_actor* self) {
      self->request(router, caf::infinite, ask_tenant{id, {to, begin_run{}}})
        .then([out](const command_answer& answer) { *out = answer; },
              [out](const caf::error& why) { *out = command_answer{command_outcome::unknown, "error " + to_string(why), ""}; });
    });
    run();
    return out;
  }
};

} // namespace

TEST_F(tenant_router_test, a_local_command_is_taken_carried_out_and_settled) {
  own(me);
  auto answer = command("c1");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->outcome, command_outcome::done);
  EXPECT_EQ(answer->node, "a");
  EXPECT_EQ(carried_out, 1);
  EXPECT_TRUE(ledger["c1"].is_settled);
}

TEST_F(tenant_router_test, the_same_id_is_answered_from_the_ledger) {
  own(me);
  region_fails = caf::make_error(errc::conflict, "the connection is paused");
  auto first = command("c1");
  region_fails = {};
  auto second = command("c1");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->outcome, command_outcome::refused);
  EXPECT_EQ(second->reason, "the connection is paused");
  EXPECT_EQ(carried_out, 1);
}

TEST_F(tenant_router_test, the_same_id_joins_the_one_under_way) {
  own(me);
  region_waits = true;
  auto one = begin("c1");
  auto two = begin("c1");
  auto three = std::make_shared<std::optional<command_answer>>();
  auto peer = system.spawn([this, three](caf::event_based_actor* self) { // as a peer asks
    self->request(router, caf::infinite, deliver_here{{"c1", {tenant, begin_run{}}}})
      .then([three](const command_answer& answer) { *three = answer; });
  });
  run();
  EXPECT_EQ(carried_out, 1);
  caf::anon_send(caf::actor_cast<caf::actor>(region), caf::ok_atom_v);
  run();
  for (const auto& answer : {one, two, three}) {
    ASSERT_TRUE(answer->has_value());
    EXPECT_EQ((*answer)->outcome, command_outcome::done);
  }
}

TEST_F(tenant_router_test, one_that_nobody_settled_is_refused_and_settled) {
  own(me);
  ledger["c1"] = {};
  auto answer = command("c1");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->outcome, command_outcome::refused);
  EXPECT_EQ(answer->reason, "the node that had it died before it said what became of it; look at the tenant");
  EXPECT_TRUE(ledger["c1"].is_settled);
  EXPECT_EQ(carried_out, 0);
}

TEST_F(tenant_router_test, a_command_whose_tenant_leaves_is_given_back_and_waits_for_the_next_owner) {
  own(me);
  region_fails = caf::make_error(errc::not_owner, "leaving");
  auto answer = begin("c1");
  EXPECT_FALSE(answer->has_value());
  EXPECT_EQ(ledger.count("c1"), 0u);
  peer_answers = command_answer{command_outcome::done, "", "b"};
  own(other);
  advance(400ms); // the new table may come while the command is being given back
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->node, "b");
}

TEST_F(tenant_router_test, a_peer_that_is_not_owner_is_told_to_ask_elsewhere_and_nothing_is_passed_on) {
  own(other);
  keeper_fails = caf::make_error(errc::not_owner, "not mine");
  auto answer = ask<command_answer>(router, deliver_here{{"c1", {tenant, begin_run{}}}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), errc::not_owner);
  EXPECT_EQ(asked_peer, 0);
}

TEST_F(tenant_router_test, a_remote_command_brings_back_the_owners_answer) {
  own(other);
  peer_answers = command_answer{command_outcome::refused, "paused", "b"};
  auto answer = command("c1");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->reason, "paused");
  EXPECT_EQ(answer->node, "b");
  EXPECT_EQ(carried_out, 0);
}

TEST_F(tenant_router_test, a_lost_link_is_an_unknown_outcome) {
  own(other);
  peer_fails = caf::make_error(errc::unknown_outcome, "the link was lost");
  auto answer = command("c1");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->outcome, command_outcome::unknown);
  EXPECT_EQ(asked_peer, 1);
}

TEST_F(tenant_router_test, a_missing_link_and_a_shard_that_moves_are_waited_for) {
  for (auto code : {errc::unreachable, errc::not_owner}) {
    own(other);
    peer_answers = {};
    peer_fails = caf::make_error(code, "not now");
    auto answer = begin("c" + to_string(code));
    EXPECT_FALSE(answer->has_value());
    peer_answers = command_answer{command_outcome::done, "", "b"};
    advance(400ms);
    ASSERT_TRUE(answer->has_value()) << to_string(code);
    EXPECT_EQ((*answer)->outcome, command_outcome::done);
  }
}

TEST_F(tenant_router_test, what_waits_too_long_is_refused_with_the_reason) {
  own({});
  auto answer = begin("c1");
  advance(4'500ms);
  EXPECT_FALSE(answer->has_value());
  advance(1s);
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->outcome, command_outcome::refused);
  EXPECT_NE((*answer)->reason.find("no node owns its shard"), std::string::npos);
}

TEST_F(tenant_router_test, what_may_be_repeated_needs_no_row_in_the_ledger_and_its_refusal_keeps_its_code) {
  own(me);
  tenant_command hook{tenant, hear_webhook{connection_id{1}, {"POST", "/hooks/crm", {}, "{}"}}};
  auto first = ask<command_answer>(router, ask_tenant{"h1", hook});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->outcome, command_outcome::done);
  region_fails = caf::make_error(errc::unauthorized, "the signature does not fit");
  auto second = ask<command_answer>(router, ask_tenant{"h1", hook});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->outcome, command_outcome::refused);
  EXPECT_EQ(second->code, errc::unauthorized);
  EXPECT_EQ(carried_out, 2);
  EXPECT_TRUE(ledger.empty());
}

TEST_F(tenant_router_test, what_stands_in_the_store_already_is_told_without_the_ledger) {
  own(me);
  for (const tenant_command& command : {tenant_command{tenant, connection_changed{connection_id{1}}}, tenant_command{tenant, lode::listen{connection_id{1}}},
                                        tenant_command{tenant, cancel_run{connection_id{1}, run_id{2}, {}}}}) {
    auto answer = ask<command_answer>(router, ask_tenant{"c1", command});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->outcome, command_outcome::done);
  }
  EXPECT_EQ(carried_out, 3);
  EXPECT_TRUE(ledger.empty());
}

TEST_F(tenant_router_test, what_may_be_repeated_waits_for_the_next_owner_too) {
  own(me);
  region_fails = caf::make_error(errc::not_owner, "leaving");
  std::optional<command_answer> answer;
  auto asker = system.spawn([this, &answer](caf::event_based_actor* self) {
    self->request(router, caf::infinite, ask_tenant{"h1", {tenant, hear_webhook{connection_id{1}, {}}}})
      .then([&answer](const command_answer& what) { answer = what; });
  });
  run();
  EXPECT_FALSE(answer);
  peer_answers = command_answer{command_outcome::refused, "busy", "b", errc::store_unavailable};
  own(other);
  advance(400ms);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->code, errc::store_unavailable);
}

TEST_F(tenant_router_test, a_full_room_refuses_at_once) {
  own({});
  auto a = begin("c1"), b = begin("c2"), c = begin("c3"), d = begin("c4");
  EXPECT_FALSE(a->has_value() || b->has_value() || c->has_value());
  ASSERT_TRUE(d->has_value());
  EXPECT_EQ((*d)->outcome, command_outcome::refused);
  own(me);
  EXPECT_TRUE(a->has_value() && b->has_value() && c->has_value());
}

TEST_F(tenant_router_test, an_outcome_that_the_store_does_not_take_is_told_and_written_down_later) {
  own(me);
  settle_fails = caf::make_error(errc::store_unavailable, "outage");
  auto first = command("c1");
  auto again = command("c1");
  ASSERT_TRUE(first && again);
  EXPECT_EQ(again->outcome, command_outcome::done);
  EXPECT_EQ(carried_out, 1);
  settle_fails = {};
  advance(400ms);
  EXPECT_TRUE(ledger["c1"].is_settled);
}

TEST_F(tenant_router_test, bad_ids_are_refused) {
  own(me);
  auto answer = command(std::string(65, 'x'));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), errc::bad_argument);
}

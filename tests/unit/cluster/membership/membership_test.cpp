#include "cluster/membership/membership.hpp"

#include "tests/support/actor_test.hpp"
#include "tests/support/cluster_model.hpp"
#include "tests/support/leases.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

using trouble = model_store::trouble;

struct membership_test : actor_test {
  std::shared_ptr<cluster_model> model = std::make_shared<cluster_model>(4);
  lease held;
  std::vector<view_pointer> published;
  std::function<lease::duration()> boot_time = lease::now;
  /// As they were reported, "" as they were over. Shared: an actor may end after the test.
  std::shared_ptr<std::vector<std::string>> outages = std::make_shared<std::vector<std::string>>();

  struct node {
    std::shared_ptr<model_store::wire> line = std::make_shared<model_store::wire>();
    membership_actor actor;
    caf::error ended;
    bool has_ended = false;
  };

  std::shared_ptr<node> start(int64_t self, int64_t flaps = 0) {
    auto out = std::make_shared<node>();
    model->join("n" + std::to_string(self), incarnation{self});
    out->actor = spawn<membership>(membership_parts{
      std::make_unique<model_store>(model, out->line), incarnation{self}, flaps, &held,
      [this, self](const view_pointer& view) {
        if (self == 1)
          published.push_back(view);
      },
      [this] { return boot_time(); }, [reported = outages](const std::string& why) { reported->push_back(why); }});
    caf::actor_cast<caf::abstract_actor*>(out->actor)->attach_functor([out](const caf::error& why) {
      out->ended = why;
      out->has_ended = true;
    });
    return out;
  }

  caf::error drain(node& which, bool is_draining) {
    caf::scoped_actor asker{system};
    auto handle = asker->request(which.actor, caf::infinite, set_draining{is_draining});
    run();
    caf::error result;
    handle.receive([] {}, [&](caf::error& why) { result = std::move(why); });
    return result;
  }

  void stop(node& which) {
    which.line->next = [](const std::string&) { return trouble::unreachable; };
  }
  void go_on(node& which) {
    which.line->next = [](const std::string&) { return trouble::none; };
  }
  node_state state_of(int64_t self) { return model->find(incarnation{self})->row.state; }
};

} // namespace

TEST_F(membership_test, a_node_enters_at_once_and_its_view_is_shown) {
  auto n1 = start(1);
  run();
  advance(100ms);
  EXPECT_EQ(state_of(1), node_state::member);
  ASSERT_EQ(published.size(), 2u);
  EXPECT_EQ(published[0]->nodes[0].state, node_state::joining);
  EXPECT_EQ(published[1]->nodes[0].state, node_state::member);
  EXPECT_EQ(published[1]->number, 1);
}

TEST_F(membership_test, it_beats_each_second_looks_each_half_and_shows_only_what_is_new) {
  auto n1 = start(1);
  advance(1s);
  auto before = n1->line->calls;
  advance(10s);
  EXPECT_EQ(n1->line->calls["beat"] - before["beat"], 10);
  EXPECT_EQ(n1->line->calls["look"] - before["look"], 20);
  EXPECT_EQ(published.size(), 2u);
  auto n2 = start(2);
  advance(1s);
  EXPECT_EQ(published.back()->nodes.size(), 2u);
}

TEST_F(membership_test, one_that_flapped_waits_before_it_takes_part_and_beats_meanwhile) {
  auto n1 = start(1, 4); // 8 s
  advance(7'900ms);
  EXPECT_EQ(state_of(1), node_state::joining);
  EXPECT_GE(n1->line->calls["beat"], 7);
  advance(600ms);
  EXPECT_EQ(state_of(1), node_state::member);
}

TEST_F(membership_test, one_that_is_made_again_for_a_draining_life_leaves_it_draining) {
  auto n1 = start(1);
  advance(1s);
  EXPECT_TRUE(!drain(*n1, true));
  caf::anon_send_exit(n1->actor, caf::exit_reason::kill);
  run();
  auto line = std::make_shared<model_store::wire>();
  auto again = spawn<membership>(membership_parts{std::make_unique<model_store>(model, line), incarnation{1}, 0, &held,
                                                  [](const view_pointer&) {}});
  advance(2s);
  EXPECT_EQ(state_of(1), node_state::draining);
  EXPECT_EQ(line->calls["enter"], 0);
}

TEST_F(membership_test, draining_is_answered_when_it_is_durable_and_shown_at_once) {
  auto n1 = start(1);
  advance(1s);
  published.clear();
  EXPECT_TRUE(!drain(*n1, true));
  EXPECT_EQ(state_of(1), node_state::draining);
  advance(50ms);
  ASSERT_EQ(published.size(), 1u);
  EXPECT_EQ(published[0]->nodes[0].state, node_state::draining);
  stop(*n1);
  EXPECT_EQ(drain(*n1, false), errc::store_unavailable);
}

// Others count from when the counter moved, which may be right after the beat was sent and long before it was answered.
TEST_F(membership_test, the_lease_counts_from_before_the_beat_was_sent) {
  auto sent = lease::now() - heartbeat::lease; // over already, when this is counted from
  auto answered = sent;
  boot_time = [&] { return std::exchange(answered, lease::now() + 1h); };
  auto n1 = start(1);
  run();
  EXPECT_EQ(n1->line->calls["beat"], 1);
  EXPECT_FALSE(held.holds());
  advance(1s);
  EXPECT_TRUE(held.holds());
}

TEST_F(membership_test, an_unanswered_beat_renews_nothing_and_is_tried_again_soon) {
  auto n1 = start(1);
  stop(*n1);
  advance(3s);
  EXPECT_FALSE(held.holds());
  EXPECT_GE(n1->line->calls["beat"], 6);
  EXPECT_EQ(n1->line->calls["look"], 0); // who cannot write does not judge
  EXPECT_FALSE(n1->has_ended);
  go_on(*n1);
  advance(500ms);
  EXPECT_TRUE(held.holds());
  EXPECT_EQ(state_of(1), node_state::member);
}

TEST_F(membership_test, an_outage_of_the_store_is_reported_once_as_it_begins_and_once_as_it_is_over) {
  auto n1 = start(1);
  advance(1s);
  EXPECT_TRUE(outages->empty());
  stop(*n1);
  advance(5s);
  ASSERT_EQ(outages->size(), 1u);
  EXPECT_NE(outages->at(0), "");
  go_on(*n1);
  advance(5s);
  ASSERT_EQ(outages->size(), 2u);
  EXPECT_EQ(outages->at(1), "");
}

TEST_F(membership_test, an_outage_in_which_only_looks_fail_is_one) {
  auto n1 = start(1);
  advance(1s);
  n1->line->next = [](const std::string& call) { return call == "look" ? trouble::unreachable : trouble::none; };
  advance(5s);
  EXPECT_EQ(outages->size(), 1u);
}

TEST_F(membership_test, an_outage_is_not_left_behind_by_an_actor_that_ends_in_it) {
  auto n1 = start(1);
  advance(1s);
  stop(*n1);
  advance(2s);
  caf::anon_send_exit(n1->actor, caf::exit_reason::kill);
  run();
  ASSERT_EQ(outages->size(), 2u);
  EXPECT_EQ(outages->at(1), "");
}

TEST_F(membership_test, a_life_that_was_declared_gone_ends_with_its_lease) {
  auto n1 = start(1);
  advance(1s);
  EXPECT_TRUE(held.holds());
  model->remove(incarnation{1});
  advance(1s);
  EXPECT_FALSE(held.holds());
  ASSERT_TRUE(n1->has_ended);
  EXPECT_EQ(n1->ended, errc::not_owner);
}

TEST_F(membership_test, a_life_whose_name_was_taken_ends_with_its_lease) {
  struct taken_store : model_store {
    using model_store::model_store;
    caf::error beat(incarnation) override { return caf::make_error(errc::conflict, "another process is n1"); }
  };
  model->join("n1", incarnation{1});
  renew_for_ever(held);
  caf::error ended;
  auto line = std::make_shared<model_store::wire>();
  auto n1 = spawn<membership>(membership_parts{std::make_unique<taken_store>(model, line), incarnation{1}, 0, &held,
                                               [](const view_pointer&) {}});
  caf::actor_cast<caf::abstract_actor*>(n1)->attach_functor([&](const caf::error& why) { ended = why; });
  run();
  EXPECT_FALSE(held.holds());
  EXPECT_EQ(ended, errc::conflict);
}

TEST_F(membership_test, all_that_died_are_declared_gone_in_a_row) {
  auto n1 = start(1), n2 = start(2), n3 = start(3);
  advance(2s);
  stop(*n2), stop(*n3);
  advance(4s);
  EXPECT_EQ(model->lives.size(), 3u);
  advance(1'600ms);
  EXPECT_EQ(model->lives.size(), 1u);
  EXPECT_EQ(published.back()->nodes.size(), 1u);
}

TEST_F(membership_test, a_hint_looks_at_once_and_declares_nobody_gone_earlier) {
  auto n1 = start(1), n2 = start(2);
  advance(2s);
  stop(*n2);
  auto before = n1->line->calls["look"];
  for (int i = 0; i < 70; ++i) { // 3.5 s
    for (int k = 0; k < 20; ++k)
      caf::anon_send(n1->actor, look_early{});
    advance(50ms);
  }
  EXPECT_GT(n1->line->calls["look"] - before, 20);
  EXPECT_LT(n1->line->calls["look"] - before, 40); // however many there are
  EXPECT_EQ(n1->line->calls["bury"], 0);
  EXPECT_EQ(model->lives.size(), 2u);
}

// Hazard 23: everybody's lease is over; the first one back must not take all.
TEST_F(membership_test, after_an_outage_longer_than_the_lease_the_first_one_back_buries_nobody) {
  auto n1 = start(1), n2 = start(2), n3 = start(3);
  advance(3s);
  stop(*n1), stop(*n2), stop(*n3);
  advance(10s);
  go_on(*n1);
  advance(3'500ms);
  go_on(*n2), go_on(*n3);
  advance(10s);
  EXPECT_EQ(n1->line->calls["bury"], 0);
  EXPECT_EQ(model->lives.size(), 3u);
}

// Hazards 23 and 24: a host that was paused with all its nodes goes on; the first one that runs finds counters that stood.
TEST_F(membership_test, nodes_that_stood_still_together_bury_nobody) {
  auto n1 = start(1), n2 = start(2);
  advance(3'600ms); // each has seen the other's latest beat
  stop(*n2); // its turn comes later
  scheduler.advance_time(1h);
  run();
  advance(3s);
  go_on(*n2);
  advance(5s);
  EXPECT_EQ(n1->line->calls["bury"], 0);
  EXPECT_EQ(model->lives.size(), 2u);
}

TEST_F(membership_test, one_look_or_beat_that_fails_gives_the_others_a_whole_lease_again) {
  for (std::string fails : {"look", "beat"}) {
    auto n1 = start(fails == "look" ? 3 : 4), n2 = start(2);
    advance(2s);
    stop(*n2);
    advance(3s);
    auto left = 1;
    n1->line->next = [&](const std::string& call) { return call == fails && left-- > 0 ? trouble::unreachable : trouble::none; };
    for (int i = 0; i < 40 && left > 0; ++i)
      advance(50ms);
    advance(3'900ms);
    EXPECT_EQ(n1->line->calls["bury"], 0) << fails;
    advance(1'600ms);
    EXPECT_EQ(n1->line->calls["bury"], 1) << fails;
    caf::anon_send_exit(n1->actor, caf::exit_reason::kill);
    model->lives.clear();
    run();
  }
}

// The database answers, but takes no writes (a full disk, a lock): nobody's counter moves, and the first write may be a burial.
TEST_F(membership_test, while_no_writes_are_taken_nobody_dies) {
  auto n1 = start(1), n2 = start(2);
  advance(3s);
  for (auto* node : {n1.get(), n2.get()})
    node->line->next = [](const std::string& call) { return call == "beat" ? trouble::unreachable : trouble::none; };
  advance(20s);
  EXPECT_EQ(model->lives.size(), 2u);
  go_on(*n1);
  advance(3'500ms);
  go_on(*n2);
  advance(5s);
  EXPECT_EQ(model->lives.size(), 2u);
}

// Hazard 39: a node that saw another view declares nobody gone.
TEST_F(membership_test, a_burial_under_a_view_that_has_changed_is_refused) {
  auto n1 = start(1), n2 = start(2);
  advance(2s);
  stop(*n2);
  auto is_first = true;
  n1->line->before_bury = [&] { model->view += std::exchange(is_first, false); };
  for (int i = 0; i < 200 && is_first; ++i)
    advance(50ms);
  EXPECT_EQ(n1->line->calls["bury"], 1);
  EXPECT_EQ(model->lives.size(), 2u);
  advance(1s);
  EXPECT_EQ(n1->line->calls["bury"], 2);
  EXPECT_EQ(model->lives.size(), 1u);
}

TEST_F(membership_test, a_burial_whose_answer_was_lost_is_found_by_the_next_look) {
  auto n1 = start(1), n2 = start(2);
  advance(2s);
  stop(*n2);
  n1->line->next = [](const std::string& call) { return call == "bury" ? trouble::answer_lost : trouble::none; };
  advance(6s);
  EXPECT_EQ(n1->line->calls["bury"], 1);
  EXPECT_EQ(published.back()->nodes.size(), 1u);
}

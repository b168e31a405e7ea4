#include "cluster/sharding/shard_keeper.hpp"

#include "tests/support/actor_test.hpp"
#include "tests/support/cluster_model.hpp"

using namespace lode;
using namespace std::chrono_literals;

namespace {

using trouble = model_store::trouble;

constexpr size_t shard_count = 1'024;
constexpr incarnation n1{1}, n2{2}, n3{3};

std::vector<shard_id> ids_of(const std::vector<shard_claim>& claims) {
  std::vector<shard_id> result;
  for (const auto& claim : claims)
    result.push_back(claim.shard);
  return result;
}

/// The keeper of n1, beside actors that keep what they are told and other nodes that do what the test says.
struct shard_keeper_test : actor_test {
  std::shared_ptr<cluster_model> model = std::make_shared<cluster_model>(shard_count);
  std::shared_ptr<model_store::wire> line = std::make_shared<model_store::wire>();
  std::vector<std::string> told; ///< who was told what
  std::vector<shard_id> gained, leaving, vacating, lost;
  std::chrono::milliseconds patience{0};
  size_t owned = 0;
  int freed = 0;
  shard_table_pointer table;
  std::vector<caf::error> troubles;
  std::vector<shard_id> coming;
  shard_keeper_actor keeper;

  template <class Handle>
  Handle listener(const std::string& name) {
    auto fake = system.spawn([this, name](caf::event_based_actor*) -> caf::behavior {
      auto is_region = name == "region";
      return {
        [this, name, is_region](const shards_gained& msg) {
          told.push_back(name + " gained");
          if (is_region)
            append(gained, ids_of(msg.claims));
        },
        [this, name](const shards_leaving& msg) {
          told.push_back(name + " leaving");
          append(leaving, msg.shards);
        },
        [this, name](const vacate_shards& msg) {
          told.push_back(name + " vacate");
          append(vacating, msg.shards);
          patience = msg.patience;
        },
        [this, name](const shards_lost& msg) {
          told.push_back(name + " lost");
          append(lost, msg.shards);
        },
      };
    });
    endings.push_back([fake] { caf::anon_send_exit(fake, caf::exit_reason::kill); });
    return caf::actor_cast<Handle>(fake);
  }

  static void append(std::vector<shard_id>& to, const std::vector<shard_id>& what) {
    to.insert(to.end(), what.begin(), what.end());
  }

  void start() {
    keeper = spawn<shard_keeper>(shard_keeper_parts{
      std::make_unique<model_store>(model, line), n1, 10s, listener<run_keeper_actor>("keeper"),
      listener<shard_region_actor>("region"), listener<scheduler_actor>("scheduler"),
      [this](const shard_table_pointer& t) { table = t; }, [this] { ++freed; }, [this](size_t n) { owned = n; },
      [this](const caf::error& why) { troubles.push_back(why); },
      [this](const std::vector<shard_id>& shards) { coming = shards; }});
    run();
  }

  void join(incarnation node, node_state state = node_state::member) {
    model->join("n" + to_string(node), node);
    model->set_state(*model->find(node), state);
  }
  void set_state(incarnation node, node_state state) { model->set_state(*model->find(node), state); }

  void see() {
    caf::anon_send(keeper, view_seen{std::make_shared<const cluster_view>(model->shown())});
    run();
  }
  void vacated(std::vector<shard_id> shards) {
    caf::anon_send(keeper, shards_vacated{std::move(shards)});
    advance(50ms);
  }

  std::vector<shard_id> due_to(incarnation node) {
    std::vector<shard_id> result;
    auto placed = place(model->shown(), shard_count).owners;
    for (size_t i = 0; i < shard_count; ++i)
      if (placed[i] == node)
        result.push_back({static_cast<int64_t>(i)});
    return result;
  }
  std::vector<shard_id> owned_by(incarnation node) {
    std::vector<shard_id> result;
    for (const auto& shard : model->owners)
      if (shard.owner == node)
        result.push_back(shard.shard);
    return result;
  }
  /// Another node takes all that is due to it and free.
  void let_claim(incarnation node) {
    for (auto id : due_to(node))
      if (auto& shard = model->owners[static_cast<size_t>(id.value)]; shard.owner == incarnation{})
        shard.owner = node, ++shard.epoch.value;
  }
  void own_all(incarnation node) {
    for (auto& shard : model->owners)
      shard.owner = node, ++shard.epoch.value;
  }
  void forget() {
    told.clear(), gained.clear(), leaving.clear(), vacating.clear(), lost.clear();
    freed = 0;
    line->calls.clear();
  }
  /// n1 and n2 are members, n1 owns all and knows it; what n2 is due leaves.
  void begin_to_share() {
    join(n1);
    own_all(n1);
    start();
    see();
    forget();
    join(n2);
    see();
    advance(1s);
  }
};

} // namespace

TEST_F(shard_keeper_test, what_the_store_shows_as_its_own_is_gained_at_the_start) {
  join(n1, node_state::joining);
  model->owners[3].owner = model->owners[5].owner = n1;
  model->owners[4].owner = n2;
  start();
  EXPECT_EQ(gained, (std::vector<shard_id>{{3}, {5}}));
  EXPECT_EQ(told, (std::vector<std::string>{"keeper gained", "region gained", "scheduler gained"}));
  EXPECT_EQ(owned, 2u);
  EXPECT_EQ(table->owners[4], n2);
}

TEST_F(shard_keeper_test, a_node_that_is_alone_takes_all_at_once) {
  join(n1);
  start();
  see();
  EXPECT_EQ(owned, shard_count);
  EXPECT_EQ(owned_by(n1).size(), shard_count);
  EXPECT_EQ(line->calls["claim"], 2); // of 512
  EXPECT_EQ(table->owners, std::vector<incarnation>(shard_count, n1));
}

TEST_F(shard_keeper_test, a_node_that_joins_keeps_what_it_has_and_takes_nothing) {
  join(n1, node_state::joining), join(n2);
  for (int i = 0; i < 10; ++i)
    model->owners[static_cast<size_t>(i)].owner = n1;
  start();
  see();
  advance(20s);
  EXPECT_EQ(line->calls["claim"], 0);
  EXPECT_TRUE(vacating.empty());
  EXPECT_EQ(owned, 10u);
}

// Hazard 39.
TEST_F(shard_keeper_test, a_view_is_acted_on_after_a_second_without_another) {
  join(n1);
  own_all(n1);
  start();
  see();
  join(n2);
  see();
  advance(900ms);
  join(n3);
  see();
  advance(900ms);
  EXPECT_TRUE(vacating.empty());
  advance(150ms);
  EXPECT_FALSE(vacating.empty());
}

// One that has given all away leaves: its shards must not wait another second for that.
TEST_F(shard_keeper_test, a_view_with_the_same_members_is_no_other) {
  join(n1), join(n2, node_state::draining);
  start();
  see();
  advance(900ms);
  model->remove(n2);
  join(n3, node_state::draining);
  see();
  advance(150ms);
  EXPECT_EQ(owned_by(n1), due_to(n1));
}

TEST_F(shard_keeper_test, views_that_never_stand_still_are_acted_on_all_the_same) {
  join(n1), join(n2);
  start();
  for (int i = 0; i < 14; ++i) { // 7 s
    set_state(n2, i % 2 == 0 ? node_state::draining : node_state::member);
    see();
    advance(500ms);
  }
  EXPECT_FALSE(owned_by(n1).empty());
}

TEST_F(shard_keeper_test, who_joins_without_a_new_number_does_not_delay_it) {
  join(n1), join(n2);
  start();
  see();
  advance(900ms);
  model->join("n3", n3);
  see();
  advance(150ms);
  EXPECT_EQ(owned_by(n1), due_to(n1));
}

TEST_F(shard_keeper_test, what_others_are_due_leaves_in_parts_and_is_released_as_it_comes) {
  begin_to_share();
  EXPECT_EQ(vacating.size(), shard_plan::leaving_at_once);
  EXPECT_EQ(patience, 10s);
  EXPECT_EQ(told, (std::vector<std::string>{"keeper leaving", "scheduler leaving", "region vacate"}));
  EXPECT_EQ(owned, shard_count);

  auto first = vacating;
  vacated({first.begin(), first.begin() + 100});
  EXPECT_EQ(model->owners[static_cast<size_t>(first[0].value)].owner, incarnation{});
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(owned, shard_count - 100);
  EXPECT_EQ(vacating.size(), shard_plan::leaving_at_once + 100);
  for (size_t i = 100; i < vacating.size(); ++i)
    vacated({vacating[i]});
  EXPECT_EQ(owned_by(n1), due_to(n1));
  EXPECT_EQ(owned, due_to(n1).size());
  let_claim(n2);
  advance(1s);
  EXPECT_EQ(table->owners, place(model->shown(), shard_count).owners);
  EXPECT_EQ(line->calls["claim"], 0);
}

TEST_F(shard_keeper_test, what_came_vacated_at_once_is_released_with_one_statement) {
  begin_to_share();
  for (auto shard : std::vector<shard_id>{vacating})
    caf::anon_send(keeper, shards_vacated{{shard}});
  advance(50ms);
  EXPECT_EQ(line->calls["release"], 1);
}

TEST_F(shard_keeper_test, a_shard_that_leaves_is_released_and_claimed_again_when_it_is_due_here_after_all) {
  begin_to_share();
  auto first = vacating;
  model->remove(n2);
  see();
  advance(2s);
  EXPECT_EQ(owned_by(n1).size(), shard_count);
  EXPECT_TRUE(gained.empty());
  auto epoch = model->owners[static_cast<size_t>(first[0].value)].epoch.value;
  vacated(first);
  EXPECT_EQ(gained, first);
  EXPECT_EQ(model->owners[static_cast<size_t>(first[0].value)].epoch.value, epoch + 1);
  EXPECT_EQ(owned, shard_count);
}

TEST_F(shard_keeper_test, a_node_that_drains_vacates_all_at_once) {
  join(n1), join(n2);
  own_all(n1);
  start();
  set_state(n1, node_state::draining);
  see();
  advance(1s);
  EXPECT_EQ(vacating.size(), shard_count);
  vacated(vacating);
  EXPECT_EQ(owned, 0u);
  EXPECT_TRUE(owned_by(n1).empty());
  set_state(n1, node_state::member);
  see();
  advance(1s);
  EXPECT_EQ(owned_by(n1), due_to(n1));
}

TEST_F(shard_keeper_test, a_node_that_drains_keeps_all_while_nobody_could_take_it) {
  join(n1);
  own_all(n1);
  start();
  set_state(n1, node_state::draining);
  see();
  advance(5s);
  EXPECT_TRUE(vacating.empty());
  join(n2);
  see();
  advance(1s);
  EXPECT_EQ(vacating.size(), shard_count);
}

TEST_F(shard_keeper_test, shards_of_the_dead_are_claimed_those_of_the_living_are_waited_for) {
  join(n1), join(n2);
  own_all(n2);
  start();
  see();
  advance(2s);
  EXPECT_EQ(line->calls["claim"], 0);
  model->remove(n2);
  see();
  EXPECT_EQ(owned, shard_count);
}

TEST_F(shard_keeper_test, what_another_living_node_is_about_to_leave_to_this_one_is_told_until_it_has_come) {
  join(n1), join(n2);
  own_all(n2);
  start();
  see();
  EXPECT_TRUE(coming.empty()) << "a view is acted on when it has stood still";
  advance(1s);
  EXPECT_EQ(coming, due_to(n1));
  EXPECT_TRUE(owned_by(n1).empty());
  for (auto& shard : model->owners)
    shard.owner = {};
  advance(1s);
  EXPECT_TRUE(coming.empty());
}

TEST_F(shard_keeper_test, what_a_dead_node_owned_does_not_come_it_is_claimed) {
  join(n1);
  own_all(n2);
  start();
  see();
  advance(1s);
  EXPECT_TRUE(coming.empty());
  EXPECT_EQ(owned, shard_count);
}

TEST_F(shard_keeper_test, a_claim_whose_answer_was_lost_is_found_in_the_store) {
  join(n1);
  start();
  auto losses = 1;
  line->next = [&](const std::string& call) { return call == "claim" && losses-- > 0 ? trouble::answer_lost : trouble::none; };
  see();
  EXPECT_TRUE(gained.empty());
  EXPECT_EQ(owned_by(n1).size(), 512u);
  advance(1s);
  EXPECT_EQ(gained.size(), shard_count);
  EXPECT_EQ(owned, shard_count);
  EXPECT_TRUE(lost.empty());
}

TEST_F(shard_keeper_test, a_release_whose_answer_was_lost_is_found_in_the_store) {
  begin_to_share();
  line->next = [&](const std::string& call) { return call == "release" ? trouble::answer_lost : trouble::none; };
  auto first = vacating;
  vacated(first);
  EXPECT_EQ(freed, 0);
  let_claim(n2);
  advance(1s);
  EXPECT_EQ(freed, 1);
  EXPECT_TRUE(lost.empty());
  EXPECT_EQ(owned, shard_count - first.size());
}

TEST_F(shard_keeper_test, what_the_store_shows_as_anothers_is_lost_and_not_released) {
  begin_to_share();
  forget();
  model->join("n3", n3);
  model->owners[7].owner = n3;
  auto leaver = owned_by(n1).back();
  for (auto id : due_to(n2))
    if (id.value != 7) {
      leaver = id;
      break;
    }
  auto& claimed = model->owners[static_cast<size_t>(leaver.value)];
  claimed.owner = n3, ++claimed.epoch.value;
  advance(600ms);
  EXPECT_EQ(lost, leaver.value < 7 ? (std::vector<shard_id>{leaver, {7}}) : (std::vector<shard_id>{{7}, leaver}));
  for (auto who : {"keeper leaving", "scheduler leaving", "region lost"})
    EXPECT_NE(std::find(told.begin(), told.end(), who), told.end()) << who;
  for (auto shard : lost)
    EXPECT_EQ(std::count(leaving.begin(), leaving.end(), shard), 2); // told to two
  vacated({leaver});
  EXPECT_EQ(line->calls["release"], 0);
  EXPECT_EQ(claimed.owner, n3);
}

TEST_F(shard_keeper_test, a_shard_that_came_back_with_another_epoch_is_lost_and_gained) {
  join(n1);
  own_all(n1);
  start();
  see();
  forget();
  model->owners[9].epoch.value += 2;
  caf::anon_send(keeper, wake{});
  run();
  EXPECT_EQ(lost, (std::vector<shard_id>{{9}}));
  EXPECT_EQ(gained, (std::vector<shard_id>{{9}}));
  EXPECT_EQ(owned, shard_count);
}

// Hazard 39: moves name their view and are refused under another.
TEST_F(shard_keeper_test, nothing_is_claimed_under_a_view_that_has_changed) {
  join(n1), join(n2);
  start();
  see();
  ++model->view;
  advance(1'100ms);
  EXPECT_TRUE(gained.empty());
  EXPECT_TRUE(owned_by(n1).empty());
  see();
  advance(1'100ms);
  EXPECT_EQ(owned_by(n1), due_to(n1));
}

TEST_F(shard_keeper_test, an_outage_is_waited_for_without_haste_and_nothing_is_forgotten) {
  begin_to_share();
  auto first = vacating;
  line->next = [](const std::string&) { return trouble::unreachable; };
  line->calls.clear();
  vacated(first);
  advance(10s);
  EXPECT_LE(line->calls["owners"] + line->calls["release"], 25);
  EXPECT_EQ(owned, shard_count);
  line->next = [](const std::string&) { return trouble::none; };
  advance(600ms);
  EXPECT_EQ(owned, shard_count - first.size());
}

TEST_F(shard_keeper_test, the_store_is_read_twice_a_second_while_something_moves_and_seldom_when_nothing_does) {
  begin_to_share();
  line->calls.clear();
  advance(10s);
  EXPECT_EQ(line->calls["owners"], 20);
  for (size_t i = 0; i < vacating.size(); ++i)
    vacated({vacating[i]});
  let_claim(n2);
  advance(2s);
  line->calls.clear();
  advance(60s);
  EXPECT_EQ(line->calls["owners"], 12);
}

TEST_F(shard_keeper_test, what_a_peer_has_released_is_claimed_at_once) {
  join(n1), join(n2);
  own_all(n2);
  start();
  see();
  advance(1'200ms);
  model->owners[static_cast<size_t>(due_to(n1)[0].value)].owner = {};
  for (int i = 0; i < 10; ++i)
    caf::anon_send(keeper, shards_freed{});
  line->calls.clear();
  advance(100ms);
  EXPECT_EQ(gained.size(), 1u);
  EXPECT_LE(line->calls["owners"], 2);
}

TEST_F(shard_keeper_test, a_store_in_doubt_gives_nothing_more_and_takes_nothing_away) {
  struct doubtful_store : model_store {
    using model_store::model_store;
    caf::expected<std::vector<shard_claim>> claim(incarnation, int64_t, const std::vector<shard_id>&) override {
      return caf::make_error(errc::conflict, "the store is in doubt");
    }
  };
  join(n1);
  model->owners[3].owner = n1;
  keeper = spawn<shard_keeper>(shard_keeper_parts{
    std::make_unique<doubtful_store>(model, line), n1, 10s, listener<run_keeper_actor>("keeper"),
    listener<shard_region_actor>("region"), listener<scheduler_actor>("scheduler"), [](const shard_table_pointer&) {}, [] {},
    [this](size_t n) { owned = n; }, [this](const caf::error& why) { troubles.push_back(why); }});
  run();
  see();
  advance(1s);
  EXPECT_EQ(owned, 1u);
  ASSERT_FALSE(troubles.empty());
  EXPECT_LE(troubles.size(), 4u);
}

#include <array>
#include <random>

#include "cluster/sharding/tenant_router.hpp"
#include "tests/support/cut_proxy.hpp"
#include "tests/support/linked_node.hpp"

using namespace lode;
using namespace std::chrono_literals;
using lode::test::cut_proxy;
using lode::test::linked_node;
using lode::test::wait_until;

namespace {

constexpr int64_t shards = 64;
constexpr int threads = 40;
constexpr int commands_per_thread = 250;

/// What the store would hold: owners and the ledger; and what was really carried out.
struct world {
  struct row {
    incarnation taken_by;
    bool is_settled = false;
    command_outcome outcome = command_outcome::done;
    std::string reason;
  };
  std::mutex mutex;
  std::vector<incarnation> owners = std::vector<incarnation>(shards);
  std::map<std::string, row> ledger;
  std::map<int64_t, int> carried_out; ///< by the number that the command carries as its connection

  incarnation owner_of(tenant_id tenant) { return owners[static_cast<size_t>(shard_of(tenant, shards).value)]; }
};

/// One node: real links, a real router; run keeper and region work on the world.
struct routed_node {
  routed_node(world& w, const std::string& name, int64_t life)
    : in(w), node(name, life, settings()), proxy(node.row().address) {
    node.advertise(proxy.address());
    node.call_limit = 20s;
    keeper = node.system().spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const take_command& take) { return this->take(take); },
              [this](const settle_command& settle) { return this->settle(settle); }};
    });
    region = node.system().spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const deliver_command& order) { return deliver(order); }};
    });
    peer_handlers handlers;
    handlers.router = [this] {
      std::lock_guard lock{slot_mutex};
      return router;
    };
    node.start_links(handlers);
    tenant_router_parts parts{node.row().self, name, caf::actor_cast<run_keeper_actor>(keeper),
                              caf::actor_cast<shard_region_actor>(region), node.links(), node.timer(), {}, shards};
    std::lock_guard lock{slot_mutex};
    router = node.system().spawn<tenant_router>(std::move(parts));
  }
  ~routed_node() {
    node.stop_links();
    node.stop(router);
    node.stop(keeper);
    node.stop(region);
    router = nullptr;
    keeper = region = nullptr;
  }
  static cluster_settings settings() {
    cluster_settings out;
    out.listen = "127.0.0.1:0";
    return out;
  }

  caf::result<command_standing> take(const take_command& take) {
    std::lock_guard lock{in.mutex};
    if (in.owner_of(take.tenant) != node.row().self)
      return caf::make_error(errc::not_owner, "not mine");
    auto [i, is_new] = in.ledger.try_emplace(take.id);
    if (is_new)
      i->second.taken_by = node.row().self;
    return command_standing{is_new, i->second.is_settled, i->second.outcome, i->second.reason, {}};
  }
  caf::result<void> settle(const settle_command& settle) {
    std::lock_guard lock{in.mutex};
    auto i = in.ledger.find(settle.id);
    if (i == in.ledger.end() || i->second.is_settled)
      return {};
    if (settle.is_given_back) {
      if (i->second.taken_by == node.row().self)
        in.ledger.erase(i);
      return {};
    }
    i->second.is_settled = true;
    i->second.outcome = settle.outcome;
    i->second.reason = settle.reason;
    return {};
  }
  caf::result<void> deliver(const deliver_command& order) {
    std::lock_guard lock{in.mutex};
    if (in.owner_of(order.command.tenant) != node.row().self)
      return caf::make_error(errc::not_owner, "leaving");
    ++in.carried_out[std::get<begin_run>(order.command.command).connection.value];
    return {};
  }

  world& in;
  linked_node node;
  cut_proxy proxy;
  caf::actor keeper, region;
  std::mutex slot_mutex;
  tenant_router_actor router;
};

struct tally {
  std::atomic<int> done{0}, refused{0}, unknown{0}, answers{0};
};

struct three_nodes {
  three_nodes() {
    std::vector<node_row> rows;
    for (auto& node : nodes)
      rows.push_back(node->node.row());
    for (auto& node : nodes) {
      node->node.see(rows);
      caf::anon_send(node->router, view_seen{std::make_shared<cluster_view>(cluster_view{1, rows})});
    }
    move_all(1);
  }
  bool are_linked() {
    return wait_until([&] {
      for (auto& node : nodes)
        for (const auto& link : node->node.survey().links)
          if (link.phase != link_phase::up)
            return false;
      return true;
    });
  }
  void move_all(unsigned seed) {
    std::mt19937 random{seed};
    for (int i = 0; i < shards; ++i)
      move(i, random() % nodes.size());
    tell();
  }
  void move(size_t shard, size_t to) {
    std::lock_guard lock{in.mutex};
    in.owners[shard] = nodes[to]->node.row().self;
  }
  void tell() {
    auto table = std::make_shared<shard_table>();
    {
      std::lock_guard lock{in.mutex};
      table->owners = in.owners;
    }
    for (auto& node : nodes)
      caf::anon_send(node->router, shard_table_pointer{table});
  }

  world in;
  std::array<std::unique_ptr<routed_node>, 3> nodes{std::make_unique<routed_node>(in, "a", 1), std::make_unique<routed_node>(in, "b", 2),
                                                    std::make_unique<routed_node>(in, "c", 3)};
};

/// Asks until the answer is not unknown, and says what it was each time.
void ask_all(three_nodes& cluster, int thread, unsigned seed, tally& count) {
  std::mt19937 random{seed + static_cast<unsigned>(thread)};
  for (int i = 0; i < commands_per_thread; ++i) {
    const int64_t number = int64_t{thread} * commands_per_thread + i + 1;
    const auto id = "c" + std::to_string(number);
    const tenant_id tenant{static_cast<int64_t>(random() % 1'000 + 1)};
    bool was_unknown = false;
    for (int tries = 0; tries < 50; ++tries) {
      auto& asked = *cluster.nodes[random() % cluster.nodes.size()];
      caf::scoped_actor self{asked.node.system()};
      command_answer answer{command_outcome::unknown, "nothing", ""};
      self->request(asked.router, 60s, ask_tenant{id, {tenant, begin_run{connection_id{number}}}})
        .receive([&](const command_answer& said) { answer = said; },
                 [&](const caf::error& why) { ADD_FAILURE() << id << ": " << to_string(why); });
      ++count.answers;
      std::lock_guard lock{cluster.in.mutex};
      const auto carried_out = cluster.in.carried_out[number];
      EXPECT_LE(carried_out, 1) << id;
      if (answer.outcome == command_outcome::unknown) {
        ++count.unknown;
        was_unknown = true;
        continue;
      }
      ++(answer.outcome == command_outcome::done ? count.done : count.refused);
      if (answer.outcome == command_outcome::done) {
        EXPECT_EQ(carried_out, 1) << id;
      } else if (!was_unknown) {
        EXPECT_EQ(carried_out, 0) << id << " " << answer.reason;
      }
      break;
    }
  }
}

void run_commands(bool with_cuts, tally& count) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  three_nodes cluster;
  ASSERT_TRUE(cluster.are_linked());
  std::vector<std::thread> askers;
  for (int i = 0; i < threads; ++i)
    askers.emplace_back([&, i] { ask_all(cluster, i, seed, count); });
  std::atomic<bool> is_over{false};
  std::thread mover{[&] {
    std::mt19937 random{seed};
    for (int i = 0; !is_over && i < 100'000; ++i) {
      for (int n = 0; n < 4; ++n)
        cluster.move(random() % shards, random() % cluster.nodes.size());
      std::this_thread::sleep_for(5ms);
      cluster.tell(); // late: for a while nodes believe what was
      if (with_cuts && i % 100 == 99)
        cluster.nodes[random() % cluster.nodes.size()]->proxy.cut();
    }
  }};
  for (auto& asker : askers)
    asker.join();
  is_over = true;
  mover.join();
  EXPECT_EQ(count.done + count.refused, threads * commands_per_thread); // each was settled in the end
  std::cout << "done " << count.done << ", refused " << count.refused << ", unknown " << count.unknown << ", answers " << count.answers << "\n";
}

} // namespace

TEST(routed_commands, are_carried_out_once_while_shards_move) {
  tally count;
  run_commands(false, count);
  EXPECT_EQ(count.unknown, 0); // no link was lost
}

TEST(routed_commands, are_carried_out_at_most_once_while_links_are_cut) {
  tally count;
  run_commands(true, count);
}

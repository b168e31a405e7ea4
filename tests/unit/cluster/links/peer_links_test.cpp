#include <filesystem>
#include <optional>

#include "runtime/security/certificates.hpp"
#include "tests/support/linked_node.hpp"

using namespace lode;
using namespace std::chrono_literals;
using lode::test::linked_node;
using lode::test::wait_until;

namespace {

/// Certificates of one authority for the nodes "a" and "b".
struct authority {
  authority() {
    std::string pattern = "/tmp/lode-links-XXXXXX";
    if (!::mkdtemp(pattern.data()))
      std::abort();
    folder = pattern;
    EXPECT_TRUE(make_authority(folder, "test", 30));
    for (const auto* node : {"a", "b"})
      EXPECT_TRUE(issue_certificate(folder, node, 30));
  }
  ~authority() { std::filesystem::remove_all(folder); }
  cluster_settings of(const std::string& node) const {
    cluster_settings out;
    out.listen = "127.0.0.1:0";
    out.certificate_file = folder + "/" + node + ".pem";
    out.key_file = folder + "/" + node + ".key";
    out.ca_file = folder + "/ca.pem";
    return out;
  }
  std::string folder;
};

cluster_settings plain(const std::string& cluster = "lode") {
  cluster_settings out;
  out.name = cluster;
  out.listen = "127.0.0.1:0";
  return out;
}

/// A router that keeps what it is asked, answered or not.
struct fake_router {
  explicit fake_router(caf::actor_system& system, bool answers = true) {
    handle = system.spawn([this, answers](caf::event_based_actor* self) -> caf::behavior {
      return {[this](caf::ok_atom) { pending.clear(); },
              [this, answers, self](deliver_here& here) -> caf::result<command_answer> {
        ++asked;
        if (answers)
          return command_answer{command_outcome::done, "did " + here.ask.id, "b"};
        pending.push_back(self->make_response_promise<command_answer>());
        return pending.back();
      }};
    });
  }
  ~fake_router() { caf::anon_send_exit(handle, caf::exit_reason::kill); }
  peer_handlers handlers() const {
    peer_handlers out;
    out.router = [handle = handle] { return caf::actor_cast<tenant_router_actor>(handle); };
    out.report = [](auto) {
      node_report report;
      report.status.shards = 42;
      return report;
    };
    return out;
  }
  caf::actor handle;
  std::vector<caf::typed_response_promise<command_answer>> pending;
  std::atomic<int> asked{0};
};

caf::expected<command_answer> ask(linked_node& from, incarnation peer, const std::string& id) {
  caf::scoped_actor self{from.system()};
  caf::expected<command_answer> out{caf::make_error(errc::internal, "no answer")};
  auto bytes = encode({0, false, {}, ask_tenant{id, {tenant_id{1}, connection_changed{}}}});
  self->request(from.links(), 30s, ask_peer{peer, *bytes})
    .receive(
      [&](const peer_message& answer) {
        auto envelope = decode(answer);
        if (envelope && std::holds_alternative<command_answer>(envelope->content))
          out = std::get<command_answer>(envelope->content);
      },
      [&](caf::error& why) { out = std::move(why); });
  return out;
}

void see_each_other(linked_node& a, linked_node& b, int64_t number = 1) {
  a.see({a.row(), b.row()}, number);
  b.see({a.row(), b.row()}, number);
}

/// "" when they are linked, else what `from` says of it in the end.
std::string refusal(linked_node& from, const std::string& to) {
  wait_until([&] { auto link = from.link_to(to); return link.phase == link_phase::refused || link.phase == link_phase::up; });
  return from.link_to(to).why;
}

class both_ways : public testing::TestWithParam<bool> {
protected:
  cluster_settings settings(const std::string& node) const { return GetParam() ? by.of(node) : plain(); }
  authority by;
};

} // namespace

TEST_P(both_ways, nodes_that_see_each_other_link_and_ask_in_both_directions) {
  linked_node a{"a", 1, settings("a")}, b{"b", 2, settings("b")};
  fake_router of_a{a.system()}, of_b{b.system()};
  a.start_links(of_a.handlers()), b.start_links(of_b.handlers());
  see_each_other(a, b);
  ASSERT_TRUE(wait_until([&] { return a.is_linked_to("b") && b.is_linked_to("a"); })) << a.link_to("b").why << b.link_to("a").why;
  auto there = ask(a, b.row().self, "x");
  ASSERT_TRUE(there) << to_string(there.error());
  EXPECT_EQ(there->reason, "did x");
  auto back = ask(b, a.row().self, "y");
  ASSERT_TRUE(back) << to_string(back.error());
  EXPECT_EQ(of_a.asked, 1);
  auto found = a.survey();
  ASSERT_EQ(found.reports.size(), 2u);
  EXPECT_EQ(found.reports[1].status.shards, 42u);
}

TEST_P(both_ways, calls_that_are_pending_when_the_peer_goes_are_unknown_at_once) {
  linked_node a{"a", 1, settings("a")};
  auto b = std::make_unique<linked_node>("b", 2, settings("b"));
  fake_router of_a{a.system()};
  a.call_limit = 1min; // so that it is no time-out
  a.start_links(of_a.handlers());
  auto of_b = std::make_unique<fake_router>(b->system(), false);
  b->start_links(of_b->handlers());
  see_each_other(a, *b);
  ASSERT_TRUE(wait_until([&] { return a.is_linked_to("b"); })) << a.link_to("b").why;
  std::thread ending{[&] {
    wait_until([&] { return of_b->asked > 0; });
    b->stop_links();
    caf::anon_send(of_b->handle, caf::ok_atom_v);
  }};
  auto answer = ask(a, incarnation{2}, "x");
  ending.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), errc::unknown_outcome);
  EXPECT_TRUE(wait_until([&] { return !a.is_linked_to("b"); }));
  auto after = ask(a, incarnation{2}, "y");
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error(), errc::unreachable);
  of_b.reset();
}

TEST_P(both_ways, a_new_life_is_linked_anew_and_the_old_one_is_gone) {
  linked_node a{"a", 1, settings("a")}, b{"b", 2, settings("b")};
  fake_router of_a{a.system()}, of_b{b.system()};
  a.start_links(of_a.handlers()), b.start_links(of_b.handlers());
  see_each_other(a, b);
  ASSERT_TRUE(wait_until([&] { return a.is_linked_to("b"); }));
  b.stop_links();
  b.begin_life(3);
  b.start_links(of_b.handlers());
  see_each_other(a, b, 2);
  ASSERT_TRUE(wait_until([&] { return a.is_linked_to("b") && b.is_linked_to("a"); })) << a.link_to("b").why;
  EXPECT_TRUE(ask(a, incarnation{3}, "x"));
  auto old = ask(a, incarnation{2}, "y");
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error(), errc::unreachable);
}

INSTANTIATE_TEST_SUITE_P(peer_links, both_ways, testing::Bool(), [](const auto& info) { return info.param ? "tls" : "plain"; });

TEST(peer_links, another_authoritys_certificate_is_refused) {
  authority ours, theirs;
  linked_node a{"a", 1, ours.of("a")}, b{"b", 2, theirs.of("b")};
  a.start_links(), b.start_links();
  see_each_other(a, b);
  EXPECT_NE(refusal(a, "b").find("certificate"), std::string::npos) << refusal(a, "b");
  EXPECT_FALSE(b.is_linked_to("a"));
}

TEST(peer_links, a_stranger_who_breaks_off_a_handshake_breaks_no_other_link) {
  authority ours;
  linked_node a{"a", 1, ours.of("a")}, b{"b", 2, ours.of("b")};
  fake_router of_b{b.system()};
  std::atomic<int> lost{0};
  auto counting = [&](peer_handlers handlers) {
    handlers.unlinked = [&](const node_row&) { ++lost; };
    return handlers;
  };
  a.start_links(counting({})), b.start_links(counting(of_b.handlers()));
  see_each_other(a, b);
  ASSERT_TRUE(wait_until([&] { return a.is_linked_to("b") && b.is_linked_to("a"); }));
  cluster_settings tls = ours.of("a");
  auto probe = probe_of(tls);
  for (int i = 0; i < 3; ++i) {
    std::atomic<bool> is_done{false};
    const auto port = static_cast<uint16_t>(std::stoi(b.row().address.substr(b.row().address.rfind(':') + 1)));
    probe("127.0.0.1", port, [&](const probe_outcome&) { is_done = true; });
    ASSERT_TRUE(wait_until([&] { return is_done.load(); }));
    EXPECT_TRUE(ask(a, b.row().self, "x" + std::to_string(i)));
  }
  EXPECT_EQ(lost, 0);
}

TEST(peer_links, a_plain_node_and_one_with_certificates_do_not_link) {
  authority ours;
  linked_node a{"a", 1, plain()}, b{"b", 2, ours.of("b")};
  a.start_links(), b.start_links();
  see_each_other(a, b);
  EXPECT_NE(refusal(a, "b").find("listens with certificates"), std::string::npos) << refusal(a, "b");
  EXPECT_FALSE(b.is_linked_to("a"));
}

TEST(peer_links, one_with_certificates_does_not_link_to_a_plain_node) {
  authority ours;
  linked_node a{"a", 1, ours.of("a")}, b{"b", 2, plain()};
  a.start_links(), b.start_links();
  see_each_other(a, b);
  EXPECT_NE(refusal(a, "b").find("listens without certificates"), std::string::npos) << refusal(a, "b");
}

TEST(peer_links, another_cluster_is_refused_on_both_sides) {
  linked_node a{"a", 1, plain("one")}, b{"b", 2, plain("two")};
  a.start_links(), b.start_links();
  see_each_other(a, b);
  EXPECT_NE(refusal(a, "b").find("cluster.name"), std::string::npos) << refusal(a, "b");
  EXPECT_NE(refusal(b, "a").find("cluster.name"), std::string::npos) << refusal(b, "a");
}

TEST(peer_links, another_wire_version_is_refused_on_both_sides) {
  linked_node a{"a", 1, plain(), 7}, b{"b", 2, plain()};
  a.start_links(), b.start_links();
  see_each_other(a, b);
  EXPECT_NE(refusal(a, "b").find("version 7"), std::string::npos) << refusal(a, "b");
  EXPECT_NE(refusal(b, "a").find("version 7"), std::string::npos) << refusal(b, "a");
}

TEST(peer_links, a_life_that_the_listener_does_not_see_yet_comes_again) {
  linked_node a{"a", 1, plain()}, b{"b", 2, plain()};
  a.start_links(), b.start_links();
  b.see({b.row()});
  a.see({a.row(), b.row()});
  ASSERT_TRUE(wait_until([&] { return a.link_to("b").why.find("does not see this life") != std::string::npos; }));
  EXPECT_FALSE(a.is_linked_to("b"));
  b.see({a.row(), b.row()}, 2);
  EXPECT_TRUE(wait_until([&] { return a.is_linked_to("b"); }));
}

TEST(peer_links, a_node_that_cannot_be_reached_says_why) {
  linked_node a{"a", 1, plain()};
  a.start_links();
  node_row gone;
  gone.name = "b", gone.self = incarnation{2}, gone.state = node_state::member, gone.address = "127.0.0.1:1";
  a.see({a.row(), gone});
  EXPECT_TRUE(wait_until([&] { return a.link_to("b").why.find("127.0.0.1:1") != std::string::npos; })) << a.link_to("b").why;
}

TEST(peer_links, a_peer_that_does_not_answer_a_survey_is_named) {
  linked_node a{"a", 1, plain()}, b{"b", 2, plain()};
  a.start_links();
  peer_handlers slow;
  slow.report = [](auto) {
    std::this_thread::sleep_for(3s); // longer than a survey
    return node_report{};
  };
  b.start_links(slow);
  see_each_other(a, b);
  caf::scoped_actor self{a.system()};
  ASSERT_TRUE(wait_until([&] {
    auto found = a.survey();
    return found.silent == std::vector<incarnation>{b.row().self} && found.reports.size() == 1;
  }));
}

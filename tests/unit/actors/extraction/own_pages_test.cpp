#include <caf/local_actor.hpp>

#include <stdexcept>

#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/page_protocol.hpp"
#include "tests/unit/actors/extraction/miner_fixture.hpp"

using namespace lode;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

namespace {

/// Cursor connections as GraphQL has them: POST {"after":cursor} -> {"data":{"nodes":[...],"pageInfo":{"hasNextPage","endCursor"}}}.
class connection_pages final : public page_protocol {
public:
  using trouble = std::function<caf::error(const std::string& where)>;

  explicit connection_pages(trouble trouble = [](auto&) { return caf::error{}; }) : trouble_(std::move(trouble)) {}

  caf::expected<http_request> request(const stream_plan& stream, const request_inputs& inputs) const override {
    if (auto why = trouble_("request"))
      return why;
    auto made = build_request(stream, inputs);
    if (!made)
      return made;
    made->method = "POST";
    made->body = R"({"after":")" + inputs.state.page_token() + R"("})";
    return made;
  }

  caf::expected<std::vector<json_node>> records(const page_request&, json_node body) const override {
    if (auto why = trouble_("records"))
      return why;
    std::vector<json_node> found;
    for (auto node = body.member("data").member("nodes").first_child(); node.exists(); node = node.next_sibling())
      found.push_back(node);
    return found;
  }

  caf::expected<paging_step> follow(const page_request& page, json_node body, const page_facts&,
                                    expression::context&) const override {
    if (auto why = trouble_("follow"))
      return why;
    auto info = body.member("data").member("pageInfo");
    return info.member("hasNextPage").raw() == "true" ? follow_token(page, info.member("endCursor").text())
                                                      : end_slice(page);
  }

private:
  trouble trouble_;
};

/// Records `first`, `first` + 1, ...; another page follows it where `next` is given.
std::string nodes_body(int first, int count, const std::string& next) {
  std::string nodes;
  for (int i = first; i < first + count; ++i)
    nodes += (i > first ? "," : "") + ("{\"id\":\"" + std::to_string(i) + "\"}");
  return R"({"data":{"nodes":[)" + nodes + R"(],"pageInfo":{"hasNextPage":)" + (next.empty() ? "false" : "true")
         + R"(,"endCursor":")" + next + R"("}}})";
}

/// One miner of kind "cursors".
struct own_pages_test : miner_test {
  std::shared_ptr<std::optional<caf::error>> end; ///< why the miner ended; nothing: it lives

  void set_pages(connection_pages::trouble trouble = [](auto&) { return caf::error{}; }) {
    auto own = std::make_shared<source_plan>(*plan);
    own->streams[0].paginator = {};
    own->streams[0].lode.miner = "cursors";
    own->streams[0].lode.pages = std::make_shared<const connection_pages>(std::move(trouble));
    plan = own;
    connection = item_connection(1, plan);
  }
  void SetUp() override {
    miner_test::SetUp();
    set_pages();
  }
  void answer(std::initializer_list<std::string> bodies) {
    for (const auto& body : bodies)
      http.answer("https://api.test/items", 200, body);
  }
  void mine() {
    miner_test::mine();
    end = std::make_shared<std::optional<caf::error>>();
    caf::actor_cast<caf::abstract_actor*>(actor)->attach_functor([end = end](const caf::error& why) { *end = why; });
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> bodies;
    for (const auto& request : http.requests())
      bodies.push_back(request.method + " " + request.body);
    return bodies;
  }
  std::string token_of(const hashed_page& page) const {
    auto state = codec.decode(page.move.state);
    return state ? state->page_token() : "unreadable";
  }
};

} // namespace

TEST_F(own_pages_test, a_protocol_of_ones_own_asks_takes_apart_and_says_what_follows) {
  answer({nodes_body(0, 2, "c/2"), nodes_body(2, 1, "")});
  mine();
  EXPECT_THAT(asked(), ElementsAre(R"(POST {"after":""})", R"(POST {"after":"c/2"})"));
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0].records.at(1).key, "1");
  EXPECT_EQ(pages[0].move.phase, continuation_phase::open);
  EXPECT_EQ(pages[1].move.phase, continuation_phase::closed);
}

TEST_F(own_pages_test, after_a_crash_the_page_is_asked_for_that_the_committed_token_names) {
  answer({nodes_body(0, 2, "c/2"), nodes_body(2, 2, "c/4"), nodes_body(2, 2, "c/4"), nodes_body(4, 1, "")});
  mine();
  ASSERT_GE(pages.size(), 1u);
  EXPECT_EQ(token_of(pages[0]), "c/2");
  stored.state = pages[0].move.state; // page 0 was committed; what followed died with the process
  stored.version = 2;
  stored.crash_resumes = 1;
  const auto before = http.requests().size();
  pages.clear();
  mine();
  EXPECT_EQ(asked().at(before), R"(POST {"after":"c/2"})");
  ASSERT_FALSE(pages.empty());
  EXPECT_EQ(pages[0].move.expected_version, 2);
}

TEST_F(own_pages_test, a_token_that_comes_again_ends_the_slice_as_failed) {
  answer({nodes_body(0, 1, "a"), nodes_body(1, 1, "b"), nodes_body(2, 1, "a")});
  mine();
  ASSERT_EQ(pages.size(), 3u);
  EXPECT_EQ(pages[2].records.size(), 1u) << "what was read is good";
  EXPECT_EQ(pages[2].move.phase, continuation_phase::failed);
  EXPECT_THAT(pages[2].move.reason, HasSubstr("page tokens go round in a circle"));
}

TEST_F(own_pages_test, that_there_is_more_without_a_token_ends_the_slice_as_failed) {
  answer({R"({"data":{"nodes":[],"pageInfo":{"hasNextPage":true,"endCursor":null}}})"});
  mine();
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].move.phase, continuation_phase::failed);
  EXPECT_THAT(pages[0].move.reason, HasSubstr("names no page token"));
}

TEST_F(own_pages_test, the_same_pages_under_ever_new_tokens_end_the_slice_as_failed) {
  for (int i = 0; i < 40; ++i)
    answer({nodes_body(0, 1, "t" + std::to_string(i))});
  mine();
  for (size_t i = 0; i < pages.size() && pages[i].move.phase == continuation_phase::open; ++i)
    commit(i);
  EXPECT_LT(pages.size(), 10u);
  EXPECT_THAT(pages.back().move.reason, HasSubstr("pages go round in a circle"));
}

TEST_F(own_pages_test, runs_under_the_name_of_its_kind_and_is_counted_by_it) {
  http.is_silent = true;
  mine();
  const auto* running = dynamic_cast<caf::local_actor*>(caf::actor_cast<caf::abstract_actor*>(actor));
  EXPECT_STREQ(running->name(), "lode.miner.cursors");
  EXPECT_EQ(name_of(seen()), "miner.cursors");
  EXPECT_EQ(board->counts().at("lode.miner.cursors").running, 1);
  EXPECT_FALSE(board->counts().contains("lode.miner"));
}

TEST_F(miner_test, the_miner_of_manifests_has_no_kind_in_its_name) {
  http.is_silent = true;
  mine();
  const auto* running = dynamic_cast<caf::local_actor*>(caf::actor_cast<caf::abstract_actor*>(actor));
  EXPECT_STREQ(running->name(), "lode.miner");
  EXPECT_EQ(name_of(seen()), "miner");
  EXPECT_EQ(board->counts().at("lode.miner").running, 1);
}

TEST_F(own_pages_test, what_it_throws_costs_the_miner_and_names_it_and_the_processor_lives) {
  for (std::string where : {"request", "records", "follow"}) {
    set_pages([&](const std::string& at) { return at == where ? throw std::logic_error{"no " + at} : caf::error{}; });
    pages.clear();
    answer({nodes_body(0, 1, "")});
    mine();
    run();
    ASSERT_TRUE(*end) << where;
    EXPECT_EQ(**end, errc::internal);
    EXPECT_EQ(message_of(**end), "tenant1/items/items: miner cursors threw: no " + where);
    EXPECT_TRUE(pages.empty()) << where;
  }
  set_pages();
  mine();
  EXPECT_EQ(pages.size(), 1u) << "the next one is read";
}

TEST_F(own_pages_test, a_code_that_means_nothing_of_a_page_is_a_defect) {
  set_pages([](auto& at) { return at == "records" ? caf::make_error(errc::stale_version, "odd") : caf::error{}; });
  answer({nodes_body(0, 1, "")});
  mine();
  run();
  ASSERT_TRUE(*end);
  EXPECT_EQ(**end, errc::internal);
  EXPECT_THAT(message_of(**end), HasSubstr("miner cursors failed with a code that means nothing of a page"));
}

TEST_F(own_pages_test, a_limit_is_waited_for_as_often_as_it_takes_and_uses_up_no_retries) {
  int left = 8;
  set_pages([&](auto& at) {
    return at == "records" && left-- > 0 ? caf::make_error(errc::rate_limited, "THROTTLED") : caf::error{};
  });
  answer({nodes_body(0, 1, "")});
  mine();
  EXPECT_TRUE(pages.empty());
  EXPECT_THAT(only(run_event::page_waits).detail, HasSubstr("THROTTLED"));
  EXPECT_EQ(http.requests().size(), 1u) << "not at once";
  for (int i = 0; i < 100 && pages.empty(); ++i)
    advance(60s);
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].move.phase, continuation_phase::closed);
  EXPECT_EQ(http.requests().size(), 9u);
}

TEST_F(own_pages_test, a_limit_lasts_as_long_as_the_response_says) {
  set_pages([first = std::make_shared<bool>(true)](auto& at) {
    return at == "records" && std::exchange(*first, false) ? caf::make_error(errc::rate_limited, "THROTTLED")
                                                           : caf::error{};
  });
  http.answer("https://api.test/items", 200, nodes_body(0, 1, ""), {{"Retry-After", "30"}});
  mine();
  advance(29s);
  EXPECT_TRUE(pages.empty());
  advance(30s);
  EXPECT_EQ(pages.size(), 1u);
}

TEST_F(own_pages_test, an_answer_that_stays_unusable_is_given_up_after_the_last_try) {
  set_pages([](auto& at) {
    return at == "records" ? caf::make_error(errc::server_failed, "half of it timed out") : caf::error{};
  });
  answer({nodes_body(0, 1, "")});
  mine();
  EXPECT_THAT(only(run_event::page_retried).detail, HasSubstr("half of it timed out"));
  for (int i = 0; i < 100 && pages.empty(); ++i)
    advance(60s);
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].move.phase, continuation_phase::failed);
}

TEST_F(own_pages_test, a_page_that_it_gives_up_stays_owed_and_nobody_is_suspended) {
  for (auto code : {errc::page_failed, errc::rejected}) {
    pages.clear();
    set_pages([=](auto& at) { return at == "records" ? caf::make_error(code, "no such field") : caf::error{}; });
    answer({nodes_body(0, 1, "")});
    mine();
    ASSERT_EQ(pages.size(), 1u);
    EXPECT_EQ(pages[0].move.phase, continuation_phase::failed);
    EXPECT_THAT(pages[0].move.reason, HasSubstr("no such field"));
  }
  EXPECT_TRUE(suspensions.empty());
}

TEST_F(own_pages_test, credentials_that_are_refused_in_a_body_suspend_the_connection) {
  set_pages(
    [](auto& at) { return at == "records" ? caf::make_error(errc::unauthorized, "UNAUTHENTICATED") : caf::error{}; });
  answer({nodes_body(0, 1, "")});
  mine();
  EXPECT_THAT(suspensions, ElementsAre(HasSubstr("UNAUTHENTICATED")));
}

TEST_F(own_pages_test, when_only_the_way_on_is_lost_the_page_is_kept) {
  set_pages([](auto& at) {
    return at == "follow" ? caf::make_error(errc::bad_source, "no pageInfo was selected") : caf::error{};
  });
  answer({nodes_body(0, 2, "c")});
  mine();
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0].records.size(), 2u);
  EXPECT_EQ(pages[0].move.phase, continuation_phase::failed);
  EXPECT_TRUE(suspensions.empty());
}

TEST_F(own_pages_test, a_page_without_a_limit_of_its_own_pauses_when_its_request_cannot_be_made_yet) {
  set_pages([first = std::make_shared<bool>(true)](auto& at) {
    return at == "request" && std::exchange(*first, false)
             ? caf::make_error(errc::rate_limited, "signing key is being made")
             : caf::error{};
  });
  answer({nodes_body(0, 1, "")});
  mine();
  EXPECT_TRUE(http.requests().empty());
  for (int i = 0; i < 10 && pages.empty(); ++i)
    advance(60s);
  EXPECT_EQ(pages.size(), 1u);
}

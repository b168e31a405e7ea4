#include "actors/extraction/replayer.hpp"

#include <gmock/gmock.h>

#include "actors/extraction/connection_context.hpp"
#include "actors/supervision/timers.hpp"
#include "tests/support/mining_fixtures.hpp"
#include "tests/support/stub_actor.hpp"

using namespace lode;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

/// A replayer of the stream `items` between a run keeper and a writer that the test plays.
struct replayer_test : stub_test {
  store_health health;
  connection_pointer connection = item_connection(1, item_plan());
  dead_letter letter{stream_id{100}, run_id{5}, {"", R"({"id":"k1","name":"n"})", "no key", {0, 3, 17}}};
  std::vector<hashed_page> pages;
  std::vector<int64_t> removed;
  page_client_actor client;
  bool commits = true;
  std::vector<caf::error> answers;
  std::shared_ptr<bool> ended = std::make_shared<bool>(false);

  timers_actor service = spawn<timers>();
  page_writer_actor writer = spawn_fake<page_writer_actor>(
    [this](hashed_page& page, const page_client_actor& from) {
      client = from;
      if (commits)
        caf::anon_send(from, page_committed{page.generation});
      pages.push_back(std::move(page));
    },
    [](hold_pages) {}, [](release_pages) {}, [](wake) {});
  run_keeper_actor keeper = spawn_stub<run_keeper_actor>(
    [this](load_connection) { return connection; },
    [this](const load_dead_letter& ask) -> caf::result<dead_letter> {
      if (ask.id != 7)
        return caf::make_error(errc::not_found, "dead letter is not on the list");
      return letter;
    },
    [this](const remove_dead_letter& ask) { removed.push_back(ask.id); });
  tenant_supervisor_actor supervisor = spawn_stub<tenant_supervisor_actor>();

  void replay(int64_t id = 7) {
    auto services = std::make_shared<mining_services>();
    services->timers = service;
    services->keeper = keeper;
    services->writers = {writer};
    services->health = &health;
    services->now = [] { return instant{1h}; };
    services->page_deadline = 1min;
    auto actor = spawn<replayer>(services, supervisor);
    caf::actor_cast<caf::abstract_actor*>(actor)->attach_functor([ended = ended](const caf::error&) { *ended = true; });
    system.spawn([this, actor, id](caf::event_based_actor* self) {
      self->request(actor, caf::infinite, replay_dead_letter{connection->connection, id})
        .then([this] { answers.push_back({}); }, [this](const caf::error& why) { answers.push_back(why); });
    });
    run();
  }
  std::string refusal() const { return answers.size() == 1 ? message_of(answers[0]) : std::to_string(answers.size()) + " answers"; }
};

} // namespace

TEST_F(replayer_test, what_can_be_used_now_is_committed_and_taken_off_the_list) {
  replay();
  ASSERT_THAT(pages, SizeIs(1));
  ASSERT_THAT(pages[0].records, SizeIs(1));
  EXPECT_EQ(pages[0].records[0].key, "k1");
  EXPECT_THAT(removed, ElementsAre(7));
  EXPECT_THAT(answers, ElementsAre(caf::error{}));
  EXPECT_TRUE(*ended);
}

TEST_F(replayer_test, it_is_as_old_as_it_was_so_that_what_is_newer_stands) {
  replay();
  ASSERT_THAT(pages, SizeIs(1));
  EXPECT_EQ(pages[0].stamp, (fact_order{0, 3, 17}));
}

TEST_F(replayer_test, nothing_is_taken_off_the_list_before_it_is_committed) {
  commits = false;
  replay();
  EXPECT_THAT(removed, IsEmpty());
  EXPECT_THAT(answers, IsEmpty());
  caf::anon_send(client, page_refused{1, {}});
  run();
  EXPECT_THAT(removed, IsEmpty());
  EXPECT_EQ(answers.at(0), errc::conflict);
}

TEST_F(replayer_test, what_cannot_be_used_now_either_stays_with_what_is_wrong) {
  letter.record.payload = R"({"name":"n"})";
  replay();
  EXPECT_EQ(answers.at(0), errc::bad_argument);
  EXPECT_THAT(refusal(), HasSubstr("id"));
  EXPECT_THAT(pages, IsEmpty());
  EXPECT_THAT(removed, IsEmpty());
}

TEST_F(replayer_test, the_text_of_an_event_is_not_taken_for_a_record) {
  letter.run = {};
  replay();
  EXPECT_EQ(answers.at(0), errc::bad_argument);
  EXPECT_THAT(pages, IsEmpty());
}

TEST_F(replayer_test, a_text_that_was_cut_is_not_taken_for_the_whole) {
  letter.record.payload = R"({"id":"k1","name":")" + std::string(64 * 1024, 'x') + R"("})";
  replay();
  EXPECT_THAT(refusal(), HasSubstr("64 KiB"));
  EXPECT_THAT(pages, IsEmpty());
}

TEST_F(replayer_test, one_that_is_not_on_the_list_is_not_found) {
  replay(8);
  EXPECT_EQ(answers.at(0), errc::not_found);
  EXPECT_TRUE(*ended);
}

TEST_F(replayer_test, a_store_that_does_not_commit_is_told) {
  commits = false;
  replay();
  advance(1min + 1s);
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0], errc::store_unavailable);
  EXPECT_TRUE(*ended);
}

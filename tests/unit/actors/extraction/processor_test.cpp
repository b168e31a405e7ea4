#include "actors/extraction/processor.hpp"

#include "actors/extraction/http_exchange.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/extraction/record_form.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/mining_fixtures.hpp"

using namespace lode;

namespace {

/// A processor between a miner and a writer that the test plays.
struct processor_test : actor_test {
  continuation_codec codec{[](std::string_view text) { return std::string{text}; },
                           [](std::string_view text) { return std::string{text}; }};
  std::vector<int64_t> written; ///< continuations whose pages reached the writer
  hashed_page last;             ///< of them
  page_writer_actor writer = spawn_fake<page_writer_actor>(
    [this](hashed_page& page, const page_client_actor&) {
      written.push_back(page.move.id.value);
      last = std::move(page);
    },
    [](hold_pages) {},
    [](release_pages) {}, [](wake) {});
  miner_actor miner = spawn_fake<miner_actor>([](go_on) {}, [](permit_granted) {}, [](response_arrived&) {},
                                              [](page_parsed&) {}, [](page_unreadable&) {}, [](page_committed) {},
                                              [](page_refused) {}, [](finish_page) {}, [](timer_fired) {});
  processor_actor actor = spawn<processor>(std::vector{writer}, &codec);

  void send_page(int64_t id, const source_plan_pointer& plan = item_plan()) {
    http_response response;
    response.status = 200;
    response.body = R"({"items":[{"id":"1"}]})";
    process_page page;
    page.continuation = continuation_id{id};
    page.connection = item_connection(1, plan);
    page.exchange = std::make_shared<const http_exchange>(http_exchange{std::move(response)});
    caf::anon_send(actor, std::move(page), miner);
  }
  void hold_for(int64_t id) {
    caf::scoped_actor self{system};
    auto answer = self->request(actor, caf::infinite, hold_pages{continuation_id{id}});
    run();
    answer.receive([] {}, [](const caf::error& why) { FAIL() << to_string(why); });
  }
};

using ids = std::vector<int64_t>;

} // namespace

TEST_F(processor_test, answers_that_it_is_quiet_when_what_came_before_is_done) {
  send_page(1), send_page(2);
  hold_for(9);
  EXPECT_EQ(written, (ids{1, 2}));
}

TEST_F(processor_test, holds_back_the_pages_of_others_and_takes_them_up_in_their_order) {
  hold_for(9);
  send_page(1), send_page(9), send_page(2);
  run();
  EXPECT_EQ(written, ids{9});
  caf::anon_send(actor, release_pages{});
  send_page(3);
  run();
  EXPECT_EQ(written, (ids{9, 1, 2, 3}));
}

TEST_F(processor_test, a_page_says_in_which_form_its_records_are_hashed) {
  auto plan = std::make_shared<source_plan>(*item_plan());
  plan->streams[0].lode.ignore = {{"views"}};
  send_page(1, plan);
  run();
  ASSERT_TRUE(last.form);
  EXPECT_EQ(last.form->number, form_number({{"views"}}));
  EXPECT_EQ(last.form->hash(R"({"id":"1","views":3})"), last.records.at(0).hash);
}

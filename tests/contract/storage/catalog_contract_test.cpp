#include <gmock/gmock.h>

#include "runtime/storage/shard_hash.hpp"
#include "tests/contract/storage/storage_contract.hpp"

namespace lode::test {

using enum commit_status;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(storage_contract, a_tenant_lives_in_the_shard_that_its_id_hashes_to) {
  auto tenant = catalog_->create_tenant("globex");
  ASSERT_TRUE(tenant);
  EXPECT_EQ(tenant->shard, shard_of(tenant->id));
  EXPECT_EQ(catalog_->find_tenant("globex")->id, tenant->id);
}

TEST_P(storage_contract, a_taken_name_is_a_conflict) {
  EXPECT_EQ(code_of(catalog_->create_tenant("acme").error()), errc::conflict);
  EXPECT_EQ(code_of(catalog_->find_tenant("nobody").error()), errc::not_found);
}

TEST_P(storage_contract, tenants_are_listed_by_name_in_batches) {
  catalog_->create_tenant("b");
  catalog_->create_tenant("a");
  auto first = catalog_->list_tenants("", 2);
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].name, "a");
  EXPECT_EQ((*first)[1].name, "acme");
  EXPECT_EQ(catalog_->list_tenants("acme", 2)->at(0).name, "b");
}

TEST_P(storage_contract, a_source_is_changed_under_its_name) {
  auto changed = catalog_->put_source("shop", "manifest 2", "v2");
  EXPECT_EQ(changed->id, source_.id);
  EXPECT_EQ(catalog_->load_source(source_.id)->manifest, "manifest 2");
  EXPECT_EQ(catalog_->list_sources()->size(), 1u);
  EXPECT_EQ(code_of(catalog_->load_source({99}).error()), errc::not_found);
}

TEST_P(storage_contract, a_source_is_removed_once_nothing_is_left_of_any_connection_to_it) {
  const auto unused = catalog_->put_source("forum", "manifest", "v1")->id;
  EXPECT_EQ(*catalog_->count_connections(), (std::map<source_id, int64_t>{{source_.id, 1}}));
  ASSERT_FALSE(catalog_->remove_source("forum"));
  EXPECT_EQ(code_of(catalog_->load_source(unused).error()), errc::not_found);
  EXPECT_EQ(code_of(catalog_->remove_source("forum")), errc::not_found);

  EXPECT_EQ(code_of(catalog_->remove_source("shop")), errc::conflict) << "a connection uses it";
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  EXPECT_THAT(*catalog_->count_connections(), testing::IsEmpty());
  EXPECT_EQ(code_of(catalog_->remove_source("shop")), errc::conflict) << "one that did is not erased yet";
  while (*catalog_->erase_some(connection_.tenant, 100) > 0) {
  }
  ASSERT_FALSE(catalog_->remove_source("shop"));
  EXPECT_EQ(catalog_->list_sources()->size(), 0u);
  EXPECT_NE(catalog_->put_source("shop", "manifest", "v1")->id, source_.id) << "a name that is free again is another source's";
}

TEST_P(storage_contract, a_connection_is_read_back_as_it_was_put) {
  auto row = catalog_->load_connection(connection_.id);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->tenant_name, "acme");
  EXPECT_EQ(row->source_name, "shop");
  EXPECT_EQ(row->configuration, R"({"shop":"acme"})");
  EXPECT_EQ(row->sealed_secrets, std::string("sealed\0bytes", 12));
  EXPECT_EQ(row->schedule, R"({"every":"15m"})");
  ASSERT_EQ(row->streams.size(), 2u);
  EXPECT_EQ(row->streams[0].name, "comments");
}

TEST_P(storage_contract, putting_a_connection_again_keeps_its_ids_and_secrets) {
  connection_row wanted;
  wanted.name = "shop";
  wanted.source = source_.id;
  wanted.configuration = "{}";
  wanted.streams = {{{}, "posts", 0}};
  auto row = catalog_->put_connection(connection_.tenant, wanted);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->id, connection_.id);
  EXPECT_EQ(row->sealed_secrets, connection_.sealed_secrets);
  ASSERT_EQ(row->streams.size(), 1u);
  EXPECT_EQ(row->streams[0].id, posts_);
  wanted.streams = {{{}, "posts", 0}, {{}, "comments", 0}};
  EXPECT_EQ(catalog_->put_connection(connection_.tenant, wanted)->streams.at(0).id, comments_);
}

TEST_P(storage_contract, a_changed_key_makes_a_stream_with_an_id_of_its_own) {
  auto wanted = connection_;
  wanted.streams = {{{}, "posts", 1}};
  auto row = catalog_->put_connection(connection_.tenant, wanted);
  ASSERT_EQ(row->streams.size(), 1u);
  EXPECT_NE(row->streams[0].id, posts_);
  EXPECT_EQ(row->streams[0].generation, 1);
  wanted.streams = {{{}, "posts", 0}}; // whoever does not know the generation keeps it
  EXPECT_EQ(catalog_->put_connection(connection_.tenant, wanted)->streams.at(0).id, row->streams[0].id);
}

TEST_P(storage_contract, a_connection_needs_its_tenant_and_its_source) {
  auto wanted = connection_;
  EXPECT_EQ(code_of(catalog_->put_connection({424242}, wanted).error()), errc::not_found);
  wanted.source = {424242};
  wanted.name = "other";
  EXPECT_EQ(code_of(catalog_->put_connection(connection_.tenant, wanted).error()), errc::not_found);
}

TEST_P(storage_contract, a_connection_is_put_with_its_due_time_and_moves_it_only_with_its_schedule) {
  auto wanted = connection_;
  wanted.name = "timed";
  const auto due = [&] {
    std::vector<instant> out;
    auto loaded = runs_->load_due(at_day(99), 10);
    for (const auto& each : *loaded)
      out.push_back(each.due);
    return out;
  };
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, wanted, at_day(1)));
  EXPECT_THAT(due(), ElementsAre(at_day(1)));
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, wanted, at_day(2)));
  EXPECT_THAT(due(), ElementsAre(at_day(1))) << "its schedule is what it was";
  wanted.schedule = R"({"every":"1h"})";
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, wanted, at_day(3)));
  EXPECT_THAT(due(), ElementsAre(at_day(3)));
  wanted.schedule.clear();
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, wanted));
  EXPECT_THAT(due(), IsEmpty());
}

TEST_P(storage_contract, new_secrets_replace_the_old_ones) {
  ASSERT_FALSE(catalog_->set_connection_secrets(connection_.id, "new"));
  EXPECT_EQ(catalog_->load_connection(connection_.id)->sealed_secrets, "new");
  EXPECT_EQ(code_of(catalog_->set_connection_secrets({424242}, "new")), errc::not_found);
}

// -- what is changed in mid-run ---------------------------------------------------------------

TEST_P(storage_contract, another_configuration_refuses_pages_in_flight_and_open_slices_begin_anew) {
  ASSERT_EQ(commit_one(page(0)), committed);
  auto wanted = connection_;
  wanted.configuration = R"({"shop":"globex"})";
  auto row = catalog_->put_connection(connection_.tenant, wanted);
  ASSERT_TRUE(row) << to_string(row.error());
  EXPECT_EQ(row->edition, connection_.edition + 1);
  EXPECT_EQ(commit_one(page(1)), refused_version) << "it is of the old account";
  auto stands = runs_->load_continuation(continuation_);
  EXPECT_EQ(stands->state, "") << "the old account's page token means nothing to the new one";
  EXPECT_EQ(commit_one(page(stands->version)), committed);
}

TEST_P(storage_contract, another_source_refuses_pages_in_flight_and_open_slices_begin_anew) {
  auto wanted = connection_;
  wanted.source = catalog_->put_source("forum", "manifest", "v1")->id;
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, wanted));
  EXPECT_EQ(commit_one(page(0)), refused_version);
  EXPECT_EQ(runs_->load_continuation(continuation_)->state, "");
}

TEST_P(storage_contract, new_secrets_refuse_pages_in_flight_and_open_slices_go_on_where_they_were) {
  auto wanted = connection_;
  wanted.sealed_secrets = "other";
  ASSERT_EQ(catalog_->put_connection(connection_.tenant, wanted)->edition, connection_.edition + 1);
  EXPECT_EQ(commit_one(page(0)), refused_version);
  auto stands = runs_->load_continuation(continuation_);
  EXPECT_EQ(stands->state, "state 0");
  ASSERT_FALSE(catalog_->set_connection_secrets(connection_.id, "and others"));
  EXPECT_EQ(catalog_->load_connection(connection_.id)->edition, connection_.edition + 2);
  EXPECT_EQ(commit_one(page(stands->version)), refused_version);
  EXPECT_EQ(runs_->load_continuation(continuation_)->state, "state 0");
}

TEST_P(storage_contract, a_connection_put_as_it_was_and_a_renewed_token_refuse_nothing) {
  auto wanted = connection_;
  wanted.sealed_secrets.clear(); // keeps those that are there
  wanted.schedule = R"({"every":"1h"})";
  ASSERT_EQ(catalog_->put_connection(connection_.tenant, wanted)->edition, connection_.edition);
  refresh_token token{connection_.id, claim_of(connection_.shard), catalog_->load_connection(connection_.id)->sealed_secrets, "hash"};
  ASSERT_TRUE(runs_->begin_refresh(token));
  ASSERT_FALSE(runs_->store_successor(token, "renewed"));
  auto row = catalog_->load_connection(connection_.id);
  EXPECT_EQ(row->sealed_secrets, "renewed");
  EXPECT_EQ(row->edition, connection_.edition);
  EXPECT_EQ(commit_one(page(0)), committed);
}

TEST_P(storage_contract, a_change_of_one_connection_refuses_no_page_of_another) {
  auto other = connect("acme", "second");
  auto run = runs_->start_run(start_of(other));
  auto wanted = connection_;
  wanted.configuration = "{}";
  ASSERT_TRUE(catalog_->put_connection(connection_.tenant, wanted));
  EXPECT_EQ(commit_one(page_of(other, run->run, run->opened[0], 0)), committed);
}

TEST_P(storage_contract, an_edition_is_told_of_active_connections_only) {
  EXPECT_EQ(*catalog_->edition_of(connection_.id), connection_.edition);
  const auto failure = [&] {
    auto edition = catalog_->edition_of(connection_.id);
    return edition ? errc::none : code_of(edition.error());
  };
  ASSERT_FALSE(catalog_->set_tenant_state(connection_.tenant, activity::paused, "by hand"));
  EXPECT_EQ(failure(), errc::conflict);
  ASSERT_FALSE(catalog_->set_tenant_state(connection_.tenant, activity::active, ""));
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::paused, "by hand"));
  EXPECT_EQ(failure(), errc::conflict);
  ASSERT_FALSE(catalog_->begin_erase(connection_.id));
  EXPECT_EQ(failure(), errc::not_found);
}

TEST_P(storage_contract, active_connections_of_sources_are_those_of_this_node_or_of_the_shards_that_are_named) {
  auto other = backend_->make_run_store(second_life); // owns nothing
  const auto ids = [&](run_store& store, const std::vector<shard_id>& shards) {
    std::vector<connection_id> out;
    const auto found = store.load_active({source_.id}, shards);
    for (const auto& each : *found)
      out.push_back(each.connection);
    return out;
  };
  EXPECT_EQ(ids(*runs_, {}), std::vector{connection_.id});
  EXPECT_TRUE(ids(*other, {}).empty());
  EXPECT_EQ(ids(*other, {connection_.shard}), std::vector{connection_.id});
  EXPECT_TRUE(ids(*other, {shard_id{(connection_.shard.value + 1) % 4'096}}).empty());
  EXPECT_TRUE(other->load_active({source_id{source_.id.value + 1}}, {connection_.shard})->empty());
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::paused, "by hand"));
  EXPECT_TRUE(ids(*other, {connection_.shard}).empty());
}

TEST_P(storage_contract, streams_that_are_read_without_being_chosen_have_ids_and_are_not_shown) {
  auto unchosen = catalog_->unchosen_streams(connection_.id, {"authors", "posts"});
  ASSERT_TRUE(unchosen) << to_string(unchosen.error());
  ASSERT_EQ(unchosen->size(), 2u);
  EXPECT_EQ((*unchosen)[0].name, "authors");
  EXPECT_EQ((*unchosen)[1].id, posts_) << "one that was chosen once is the same stream";
  EXPECT_EQ(catalog_->unchosen_streams(connection_.id, {"authors"})->at(0).id, (*unchosen)[0].id);
  EXPECT_EQ(catalog_->load_connection(connection_.id)->streams.size(), 2u);
  auto wanted = connection_;
  wanted.streams = {{{}, "authors", 0}};
  EXPECT_EQ(catalog_->put_connection(connection_.tenant, wanted)->streams.at(0).id, (*unchosen)[0].id);
}

TEST_P(storage_contract, a_source_and_a_connection_are_found_by_their_names) {
  auto other = connect("globex");
  auto source = catalog_->find_source("shop");
  ASSERT_TRUE(source) << to_string(source.error());
  EXPECT_EQ(source->id, source_.id);
  EXPECT_EQ(source->manifest, "manifest");
  auto found = catalog_->find_connection(connection_.tenant, "shop");
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(found->id, connection_.id) << "not the one that another tenant calls so";
  EXPECT_EQ(found->sealed_secrets, connection_.sealed_secrets);
  EXPECT_EQ(found->streams.size(), 2u);
  EXPECT_EQ(code_of(catalog_->find_source("nothing").error()), errc::not_found);
  EXPECT_EQ(code_of(catalog_->find_connection(other.tenant, "nothing").error()), errc::not_found);
  ASSERT_FALSE(catalog_->begin_erase(connection_.id));
  EXPECT_EQ(code_of(catalog_->find_connection(connection_.tenant, "shop").error()), errc::not_found);
  auto again = connect("acme");
  EXPECT_EQ(catalog_->find_connection(connection_.tenant, "shop")->id, again.id);
}

TEST_P(storage_contract, a_reason_that_is_no_text_suspends_and_pauses_all_the_same) {
  const auto reason = "the API said \xE4" + std::string(1, '\0') + " and hung up";
  ASSERT_FALSE(catalog_->set_connection_state(connection_.id, activity::suspended, reason));
  auto stopped = catalog_->load_connection(connection_.id);
  EXPECT_EQ(stopped->state, activity::suspended);
  EXPECT_THAT(stopped->reason, testing::HasSubstr("the API said"));
  EXPECT_THAT(stopped->reason, testing::HasSubstr("and hung up"));
  ASSERT_FALSE(catalog_->set_tenant_state(connection_.tenant, activity::paused, reason));
  EXPECT_EQ(catalog_->find_tenant("acme")->state, activity::paused);
}

TEST_P(storage_contract, a_state_is_deleting_only_through_erasing) {
  EXPECT_EQ(code_of(catalog_->set_tenant_state(connection_.tenant, activity::deleting, "")), errc::bad_argument);
  EXPECT_EQ(code_of(catalog_->erase_some(connection_.tenant, 10).error()), errc::bad_argument);
}

/// Something in every table.
void fill(page_store& pages, page_commit parent, stream_id comments) {
  parent.changes = {insert("a", 1), insert("b", 2), removal("c")};
  parent.dead = {{"d", "text", "reason", {}}};
  parent.opens = {{comments, "p", {at_day(0), at_day(1)}, "sealed"}};
  auto opened = pages.commit({&parent, 1}).at(0).opened.at(0);
  auto child = parent;
  child.stream = comments;
  child.partition = "p";
  child.opens.clear();
  child.move = {opened, parent.move.run, 0, continuation_phase::closed, "", ""};
  child.completes_slice = true;
  child.completed = {at_day(0), at_day(1)};
  EXPECT_EQ(pages.commit({&child, 1}).at(0).status, committed);
}

TEST_P(storage_contract, erasing_a_tenant_leaves_no_row_in_any_table) {
  fill(*pages_, page(0), comments_);
  ASSERT_FALSE(runs_->set_due(connection_.id, at_day(1), run_kind::scheduled));
  ASSERT_TRUE(runs_->request_run(connection_.id, run_kind::manual, at_day(1)));
  ASSERT_TRUE(runs_->begin_refresh({connection_.id, claim_of(connection_.shard), connection_.sealed_secrets, "h1"}));
  ASSERT_FALSE(runs_->set_pace(connection_.id, run_, {}, {}, at_day(0)));
  ASSERT_FALSE(runs_->begin_full_passes(run_, at_day(0), {{posts_, {posts_}}}));
  ASSERT_FALSE(runs_->queue_run(connection_.id, at_day(1)));
  auto kept = connect("globex");
  auto rows = backend_->row_counter(connection_.tenant);
  EXPECT_GT(rows(), 15);
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  size_t steps = 0;
  for (;;) {
    auto erased = catalog_->erase_some(connection_.tenant, 3);
    ASSERT_TRUE(erased) << to_string(erased.error());
    if (*erased == 0)
      break;
    EXPECT_LE(*erased, 3u);
    ++steps;
  }
  EXPECT_GT(steps, 4u);
  EXPECT_EQ(rows(), 0);
  EXPECT_THAT(feed(), IsEmpty());
  EXPECT_TRUE(catalog_->load_connection(kept.id));
}

TEST_P(storage_contract, erasing_refuses_pages_in_flight_before_and_after) {
  auto in_flight = page_with(0, {insert("a", 1)});
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  EXPECT_EQ(commit_one(in_flight), refused_version);
  EXPECT_EQ(code_of(catalog_->load_connection(connection_.id).error()), errc::not_found);
  while (*catalog_->erase_some(connection_.tenant, 100) > 0) {
  }
  EXPECT_EQ(commit_one(in_flight), refused_version);
}

TEST_P(storage_contract, a_tenant_created_again_while_the_old_one_is_erased_has_a_new_id_and_keeps_its_rows) {
  fill(*pages_, page(0), comments_);
  ASSERT_FALSE(catalog_->begin_erase(connection_.tenant));
  ASSERT_EQ(catalog_->list_deleting_tenants()->size(), 1u);
  auto again = connect("acme");
  EXPECT_NE(again.tenant, connection_.tenant);
  EXPECT_NE(again.id, connection_.id);
  while (*catalog_->erase_some(connection_.tenant, 100) > 0) {
  }
  EXPECT_EQ(catalog_->find_tenant("acme")->id, again.tenant);
  EXPECT_TRUE(catalog_->load_connection(again.id));
  EXPECT_THAT(*catalog_->list_deleting_tenants(), IsEmpty());
}

TEST_P(storage_contract, erasing_one_connection_keeps_the_others_of_the_tenant) {
  fill(*pages_, page(0), comments_);
  auto other = connect("acme", "second");
  ASSERT_FALSE(catalog_->begin_erase(connection_.id));
  ASSERT_EQ(catalog_->list_deleting_connections()->size(), 1u);
  while (*catalog_->erase_some(connection_.id, 4) > 0) {
  }
  EXPECT_THAT(feed(), IsEmpty());
  EXPECT_EQ(catalog_->list_connections(connection_.tenant)->size(), 1u);
  EXPECT_TRUE(runs_->start_run(start_of(other)));
}

TEST_P(storage_contract, records_are_read_in_key_order_in_batches) {
  commit({page_with(0, {insert("b", 1), insert("a", 2), insert("B", 3), removal("c")})});
  auto first = catalog_->read_records(posts_, "", 2, false);
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].key, "B"); // by bytes
  EXPECT_EQ((*first)[1].key, "a");
  EXPECT_EQ(catalog_->read_records(posts_, "a", 10, false)->size(), 1u);
  EXPECT_EQ(catalog_->read_records(posts_, "a", 10, true)->size(), 2u);
}

TEST_P(storage_contract, the_feed_is_read_from_the_middle_of_a_page) {
  commit({page_with(0, {insert("a", 1), insert("b", 2), insert("c", 3)}), page_with(1, {insert("d", 4)})});
  auto rest = catalog_->read_feed(connection_.shard, 1, 2);
  ASSERT_EQ(rest->size(), 2u);
  EXPECT_EQ((*rest)[0].seq, 2);
  EXPECT_EQ((*rest)[0].key, "b");
  EXPECT_EQ((*rest)[0].tenant, connection_.tenant);
  EXPECT_EQ((*rest)[1].key, "c");
  EXPECT_THAT(*catalog_->read_feed(connection_.shard, 4, 10), IsEmpty());
}

TEST_P(storage_contract, seed_and_generation_stay_what_they_are) {
  EXPECT_EQ(*catalog_->hash_seed(), *backend_->make_catalog_store()->hash_seed());
  EXPECT_EQ(*catalog_->store_generation(), *backend_->make_catalog_store()->store_generation());
}

} // namespace lode::test

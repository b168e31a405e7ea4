#include "tests/contract/storage/storage_contract.hpp"

#include <algorithm>

#include "tests/support/claims.hpp"

namespace lode::test {

namespace {

template <class T>
T must(caf::expected<T> result) {
  if (!result)
    throw std::runtime_error(to_string(result.error()));
  return std::move(*result);
}

record_change change(change_kind kind, const std::string& key, uint64_t content, int64_t counter) {
  record_change out;
  out.kind = kind;
  out.key = key;
  out.payload = R"({"content":)" + std::to_string(content) + "}";
  out.hash = {content, content + 1};
  out.order = {0, 1, counter};
  return out;
}

} // namespace

instant at_day(int day) {
  return instant{std::chrono::days{20000 + day}};
}

record_change insert(const std::string& key, uint64_t content, int64_t counter) {
  return change(change_kind::inserted, key, content, counter);
}

record_change update(const std::string& key, uint64_t content, int64_t counter) {
  return change(change_kind::updated, key, content, counter);
}

record_change removal(const std::string& key, int64_t counter) {
  auto out = change(change_kind::deleted, key, 0, counter);
  out.payload.clear();
  out.hash = {};
  return out;
}

std::vector<commit_status> statuses(const std::vector<page_outcome>& outcomes) {
  std::vector<commit_status> out;
  for (const auto& outcome : outcomes)
    out.push_back(outcome.status);
  return out;
}

storage_contract::storage_contract() : backend_(GetParam().make()) {
  runs_ = backend_->make_run_store(first_life);
  catalog_ = backend_->make_catalog_store();
  pages_ = backend_->make_page_store(first_life, 0);
  claims_ = must(claim_all(first_life));
  source_ = must(catalog_->put_source("shop", "manifest", "v1"));
  connection_ = connect("acme");
  comments_ = connection_.streams.at(0).id;
  posts_ = connection_.streams.at(1).id;
  auto started = must(runs_->start_run(start_of(connection_)));
  run_ = started.run;
  continuation_ = started.opened.at(0);
}

connection_row storage_contract::connect(const std::string& tenant, const std::string& name) {
  auto owner = catalog_->find_tenant(tenant);
  if (!owner)
    owner = catalog_->create_tenant(tenant);
  connection_row wanted;
  wanted.name = name;
  wanted.source = source_.id;
  wanted.configuration = R"({"shop":"acme"})";
  wanted.sealed_secrets = std::string("sealed\0bytes", 12);
  wanted.schedule = R"({"every":"15m"})";
  wanted.streams = {{{}, "posts", 0}, {{}, "comments", 0}};
  return must(catalog_->put_connection(must(std::move(owner)).id, wanted));
}

shard_claim storage_contract::claim_of(shard_id shard) const {
  auto found = std::find_if(claims_.begin(), claims_.end(), [&](const auto& claim) { return claim.shard == shard; });
  return found == claims_.end() ? shard_claim{shard, {}} : *found;
}

run_start storage_contract::start_of(const connection_row& connection, run_kind kind) const {
  run_start out;
  out.connection = connection.id;
  out.claim = claim_of(connection.shard);
  out.kind = kind;
  out.first = {{connection.streams.at(1).id, "", {}, "state 0"}};
  return out;
}

caf::expected<std::vector<shard_claim>> storage_contract::claim_all(incarnation self, const std::string& name) {
  return claim_everything(*backend_->make_membership_store(self), name, self);
}

void storage_contract::claim_again(incarnation self) {
  runs_ = backend_->make_run_store(self);
  claims_ = must(claim_all(self));
}

page_commit storage_contract::page_of(const connection_row& connection, run_id run, continuation_id id, int64_t version,
                                      continuation_phase phase) const {
  page_commit out;
  out.tenant = connection.tenant;
  out.connection = connection.id;
  out.stream = connection.streams.at(1).id;
  out.shard = connection.shard;
  out.epoch = claim_of(connection.shard).epoch;
  out.move = {id, run, version, phase, "state " + std::to_string(version + 1), ""};
  out.counters.pages = 1;
  return out;
}

page_commit storage_contract::page(int64_t version, continuation_phase phase) const {
  return page_of(connection_, run_, continuation_, version, phase);
}

page_commit storage_contract::page_with(int64_t version, std::vector<record_change> changes) const {
  auto out = page(version);
  out.changes = std::move(changes);
  out.counters.records = static_cast<int64_t>(out.changes.size());
  return out;
}

caf::expected<int64_t> storage_contract::set_cursor(stream_id stream, const std::string& partition,
                                                    std::optional<instant> known_up_to) {
  int64_t version = 0;
  for (const auto& cursor : must(runs_->load_cursors(connection_.id)))
    if (cursor.stream == stream && cursor.partition == partition)
      version = cursor.version;
  return backend_->make_admin_store()->edit_state({connection_.id, {{stream, partition, known_up_to, version}}, {}});
}

stored_fact storage_contract::fact(const std::string& key) {
  const std::string_view keys[] = {key};
  return must(pages_->probe(connection_.shard, posts_, keys)).at(0);
}

std::vector<stored_record> storage_contract::records(bool with_deleted) {
  return must(catalog_->read_records(posts_, "", 1000, with_deleted));
}

std::vector<feed_entry> storage_contract::feed() {
  return must(catalog_->read_feed(connection_.shard, 0, 1000));
}

std::vector<std::string> storage_contract::feed_words() {
  std::vector<std::string> out;
  for (const auto& entry : feed()) {
    const char* kind = entry.kind == change_kind::inserted  ? "insert "
                       : entry.kind == change_kind::updated ? "update "
                                                            : "delete ";
    out.push_back(kind + entry.key + " " + std::to_string(entry.hash.high));
  }
  return out;
}

} // namespace lode::test

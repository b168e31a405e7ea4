#include "runtime/storage/memory/memory_database.hpp"
#include "tests/contract/storage/storage_contract.hpp"

namespace lode::test {

namespace {

class memory_storage final : public storage_backend {
public:
  std::unique_ptr<page_store> make_page_store(incarnation self, int64_t number) override {
    return database_.make_page_store(self, number);
  }
  std::unique_ptr<run_store> make_run_store(incarnation self) override { return database_.make_run_store(self); }
  std::unique_ptr<catalog_store> make_catalog_store() override { return database_.make_catalog_store(); }
  std::unique_ptr<admin_store> make_admin_store() override { return database_.make_admin_store(); }
  std::unique_ptr<upkeep_store> make_upkeep_store() override {
    return database_.make_upkeep_store();
  }
  std::unique_ptr<generation_store> make_generation_store() override { return database_.make_generation_store(); }
  std::unique_ptr<membership_store> make_membership_store(incarnation self) override {
    return database_.make_membership_store(self);
  }
  std::unique_ptr<live_store> make_live_store(incarnation self) override { return database_.make_live_store(self); }
  std::unique_ptr<standing_store> make_standing_store(incarnation self) override { return database_.make_standing_store(self); }
  std::unique_ptr<sink_store> make_sink_store(incarnation self) override { return database_.make_sink_store(self); }
  std::unique_ptr<page_store> make_breakable_page_store(incarnation self, int64_t number) override {
    return database_.make_page_store(self, number);
  }
  void break_next_commit(bool is_done) override {
    database_.inject(is_done ? memory_fault::unknown_committed : memory_fault::unknown_not_committed);
  }
  void poison(const std::string& key) override {
    database_.poison([key](const record_change& change) { return change.key == key; });
  }
  void close_behind_its_run(continuation_id continuation) override { database_.close_behind_its_run(continuation); }
  void trim_feed(shard_id shard, int64_t upto) override { database_.trim_feed(shard, upto); }
  std::function<int64_t()> row_counter(tenant_id tenant) override {
    return [this, tenant] { return static_cast<int64_t>(database_.rows_of(tenant)); };
  }
  int64_t dead_letters(stream_id stream) override {
    return static_cast<int64_t>(database_.dead_letters(stream).size());
  }
  std::vector<told_standing> standings() override { return database_.standings(); }
  std::vector<call_error> call_errors(connection_id connection) override { return database_.call_errors(connection); }

private:
  memory_database database_;
};

} // namespace

backend_factory memory_backend() {
  return {"memory", []() -> std::unique_ptr<storage_backend> { return std::make_unique<memory_storage>(); }};
}

} // namespace lode::test

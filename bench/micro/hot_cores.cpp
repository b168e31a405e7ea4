// What each record costs in the node, core by core: pages of workload "posts", a hundred records of 520 bytes each.
#include <benchmark/benchmark.h>

#include <caf/init_global_meta_objects.hpp>

#include <cstdlib>
#include <iostream>

#include "actors/storage/page_comparison.hpp"
#include "bench/posts/api.hpp"
#include "messages/type_ids.hpp"
#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/connection_config.hpp"
#include "runtime/extraction/content_hash.hpp"
#include "runtime/extraction/page_reader.hpp"
#include "runtime/manifest/loader.hpp"
#include "runtime/storage/postgres/commit_call.hpp"

namespace lode {
namespace {

constexpr size_t page_records = 100;
constexpr size_t group_pages = 20; // a writer's group by default
constexpr uint64_t hash_seed = 7;

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "bench-micro: " << why << "\n";
  std::exit(1);
}

/// The first page of a tenant, keys in an order that is not the canonical one; `after` names the next page.
std::string page_body(uint32_t tenant) {
  bench::posts_api api{{1, 1'000, 2 * page_records}};
  bench::api_answer answer;
  api.answer("POST", "/control/pass/1", answer);
  api.answer("GET", "/v1/" + bench::account_of(tenant) + "/posts?limit=100", answer);
  return answer.body;
}

/// Reads pages as a processor does.
class posts_reader {
public:
  posts_reader() {
    auto loaded = load_manifest(POSTS_SOURCE);
    auto config = connection_config(R"({"base_url":"http://posts.test/v1","account":"1000000000"})", R"({"access_token":"t"})");
    if (!loaded.plan || !config)
      give_up(std::string{POSTS_SOURCE} + " cannot be executed; see lode source lint");
    plan_ = loaded.plan;
    config_ = *config;
  }

  page_content read(std::string_view body) {
    received_response response{200, headers_, body, scratch_};
    auto content = reader_.read({*plan_, 0, config_, {}, {}, state_, response, hash_seed, {}});
    if (!content || content->records.size() != page_records)
      give_up("a page is not read as it should be");
    return std::move(*content);
  }

private:
  source_plan_pointer plan_;
  expression::value config_;
  std::vector<http_header> headers_{{"Content-Type", "application/json"}};
  wire::continuation_state state_;
  json_document scratch_;
  page_reader reader_;
};

/// Pages of as many tenants, ready to be compared.
std::vector<hashed_page> group_of_pages() {
  posts_reader reader;
  std::vector<hashed_page> group;
  for (uint32_t i = 0; i < group_pages; ++i) {
    auto body = page_body(i);
    hashed_page page;
    page.tenant = tenant_id{i + 1};
    page.connection = connection_id{i + 1};
    page.stream = stream_id{i + 1};
    page.shard = shard_id{i * 200};
    page.epoch = shard_epoch{1};
    page.stamp = {0, 1, i + 1};
    page.move = {continuation_id{i + 1}, run_id{i + 1}, 0, continuation_phase::open, std::string(200, 's'), {}};
    page.records = reader.read(body).records;
    page.body_bytes = body.size();
    group.push_back(std::move(page));
  }
  return group;
}

/// What a writer remembers: every record as it is, or that there is none.
fact_cache memory_of(const std::vector<hashed_page>& group, bool is_known) {
  fact_cache cache{size_t{1} << 30};
  for (const auto& page : group) {
    stream_place place{page.shard, page.stream};
    cache.begin(place, page.epoch, {true, 0});
    for (const auto& record : page.records)
      if (is_known)
        cache.put(place, print_of(record.key, record.hash, record.order_field));
  }
  return cache;
}

void count_records(benchmark::State& state, size_t records) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(records));
}

void take_page_apart(benchmark::State& state) {
  auto body = page_body(0);
  json_document document;
  for (auto _ : state)
    if (document.parse(body))
      give_up("a page is no JSON");
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
  count_records(state, page_records);
}
BENCHMARK(take_page_apart);

void canonical_form_and_hash(benchmark::State& state) {
  auto body = page_body(0);
  json_document document;
  if (document.parse(body))
    give_up("a page is no JSON");
  canonical_writer writer;
  for (auto _ : state)
    for (auto record = document.root().member("data").first_child(); record.exists(); record = record.next_sibling())
      benchmark::DoNotOptimize(hash_of(writer.write(record), hash_seed));
  count_records(state, page_records);
}
BENCHMARK(canonical_form_and_hash);

void read_page(benchmark::State& state) {
  auto body = page_body(0);
  posts_reader reader;
  for (auto _ : state)
    benchmark::DoNotOptimize(reader.read(body));
  count_records(state, page_records);
}
BENCHMARK(read_page);

void compare_group(benchmark::State& state, bool is_known) {
  auto group = group_of_pages();
  auto cache = memory_of(group, is_known);
  for (auto _ : state)
    benchmark::DoNotOptimize(page_comparison{cache, group}.compare(1));
  count_records(state, group_pages * page_records);
}
BENCHMARK_CAPTURE(compare_group, all_new, false);
BENCHMARK_CAPTURE(compare_group, all_unchanged, true);

void encode_commit(benchmark::State& state, bool is_known) {
  auto group = group_of_pages();
  auto cache = memory_of(group, is_known);
  auto commits = page_comparison{cache, group}.compare(1);
  for (auto _ : state)
    benchmark::DoNotOptimize(commit_parameters({incarnation{1}, 0, 1}, commits, false));
  count_records(state, group_pages * page_records);
}
BENCHMARK_CAPTURE(encode_commit, all_new, false);
BENCHMARK_CAPTURE(encode_commit, all_unchanged, true);

} // namespace
} // namespace lode

int main(int argc, char** argv) {
  caf::init_global_meta_objects<caf::id_block::lode>();
  caf::core::init_global_meta_objects();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}

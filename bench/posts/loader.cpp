// bench-loader: how fast PostgreSQL takes these rows when nothing else is to be done. The yardstick of the first pass:
// a few connections, each inserting its share of all posts with multi-row upserts; no HTTP, no hashing, no feed.
#include "bench/posts/post_text.hpp"

#include <CLI/CLI.hpp>
#include <libpq-fe.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iostream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace bench {
namespace {

struct loader_options {
  std::string dsn;
  uint64_t seed = 1;
  uint32_t tenants = 1;
  uint32_t records = 100; ///< of each tenant
  uint32_t connections = 2;
  uint32_t rows = 1'000; ///< per statement
};

constexpr uint32_t type_bool = 16, type_int8 = 20, type_text = 25; // of pg_type, fixed
constexpr uint64_t shards = 4'096;

/// The same statement that Lode's commit uses for records.
constexpr const char* upsert = R"(
  INSERT INTO lode.record AS r (shard, stream_id, key, payload, hash_high, hash_low, order_field, order_epoch, order_counter,
                                deleted)
  SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
                       $8::bigint[], $9::bigint[], $10::boolean[])
  ON CONFLICT (shard, stream_id, key) DO UPDATE
  SET payload = EXCLUDED.payload, hash_high = EXCLUDED.hash_high, hash_low = EXCLUDED.hash_low,
      order_field = EXCLUDED.order_field, order_epoch = EXCLUDED.order_epoch, order_counter = EXCLUDED.order_counter,
      deleted = EXCLUDED.deleted,
      changed = CASE WHEN (r.hash_high, r.hash_low, r.deleted) = (EXCLUDED.hash_high, EXCLUDED.hash_low, EXCLUDED.deleted)
                     THEN r.changed ELSE EXCLUDED.changed END)";

/// One array in PostgreSQL's binary format. Its memory is kept from statement to statement.
class array_parameter {
public:
  void begin(uint32_t type, size_t count) {
    bytes_.clear();
    for (auto value : {1u, 0u, type, static_cast<uint32_t>(count), 1u}) // dimensions, no nulls, type, length, first index
      put(value, 4);
  }
  void add(int64_t value) {
    put(8, 4);
    put(static_cast<uint64_t>(value), 8);
  }
  void add(bool value) {
    put(1, 4);
    put(value ? 1 : 0, 1);
  }
  void add(std::string_view value) {
    put(value.size(), 4);
    bytes_ += value;
  }
  const char* data() const { return bytes_.data(); }
  int size() const { return static_cast<int>(bytes_.size()); }

private:
  void put(uint64_t value, size_t width) {
    char text[8];
    for (size_t i = 0; i < width; ++i)
      text[i] = static_cast<char>(value >> (8 * (width - 1 - i)));
    bytes_.append(text, width);
  }
  std::string bytes_;
};

class session {
public:
  explicit session(const std::string& dsn) : connection_(PQconnectdb(dsn.c_str()), PQfinish) {
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      fail("cannot connect");
    check(PQprepare(connection_.get(), "upsert", upsert, 0, nullptr), "the statement is refused");
  }

  template <size_t N>
  void execute(const std::array<array_parameter, N>& arrays) {
    std::array<const char*, N> values;
    std::array<int, N> lengths, formats;
    for (size_t i = 0; i < N; ++i) {
      values[i] = arrays[i].data();
      lengths[i] = arrays[i].size();
      formats[i] = 1;
    }
    check(PQexecPrepared(connection_.get(), "upsert", N, values.data(), lengths.data(), formats.data(), 1), "rows are refused");
  }

private:
  void check(PGresult* result, const char* what) {
    auto is_good = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!is_good)
      fail(what);
  }
  [[noreturn]] void fail(const char* what) const {
    throw std::runtime_error{std::string{what} + ": " + PQerrorMessage(connection_.get())};
  }

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

/// Rows [begin, end) of all posts, tenant after tenant.
class rows {
public:
  explicit rows(const loader_options& options) : options_(options), posts_(options.seed, 0) {}

  std::array<array_parameter, 10>& fill(uint64_t begin, uint64_t end) {
    constexpr std::array types{type_int8, type_int8, type_text, type_text, type_int8,
                               type_int8, type_int8, type_int8, type_int8, type_bool};
    for (size_t i = 0; i < types.size(); ++i)
      arrays_[i].begin(types[i], end - begin);
    for (auto row = begin; row < end; ++row)
      add(static_cast<uint32_t>(row / options_.records), static_cast<uint32_t>(row % options_.records));
    return arrays_;
  }

private:
  void add(uint32_t tenant, uint32_t number) {
    text_.clear();
    posts_.append(text_, tenant, number);
    arrays_[0].add(static_cast<int64_t>(mix(tenant) % shards));
    arrays_[1].add(int64_t{tenant} + 1);
    arrays_[2].add(std::string_view{post_key(tenant, number)});
    arrays_[3].add(std::string_view{text_});
    arrays_[4].add(static_cast<int64_t>(mix(tenant, number, 1)));
    arrays_[5].add(static_cast<int64_t>(mix(tenant, number, 2)));
    arrays_[6].add(int64_t{0});
    arrays_[7].add(int64_t{1});
    arrays_[8].add(int64_t{number / 100 + 1});
    arrays_[9].add(false);
  }

  const loader_options& options_;
  post_writer posts_;
  std::string text_;
  std::array<array_parameter, 10> arrays_;
};

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

/// Connects all, then lets them go at once. Returns the seconds until the last one has committed its last rows.
double load(const loader_options& options) {
  auto total = uint64_t{options.tenants} * options.records;
  std::vector<std::unique_ptr<session>> sessions;
  for (uint32_t i = 0; i < options.connections; ++i)
    sessions.push_back(std::make_unique<session>(options.dsn));
  std::mutex mutex;
  std::string failed;
  auto work = [&](uint32_t i) {
    try {
      rows made{options};
      auto end = total * (i + 1) / options.connections;
      for (auto at = total * i / options.connections; at < end; at += options.rows)
        sessions[i]->execute(made.fill(at, std::min<uint64_t>(end, at + options.rows)));
    } catch (const std::exception& error) {
      std::scoped_lock lock{mutex};
      failed = error.what();
    }
  };
  auto began = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (uint32_t i = 0; i < options.connections; ++i)
      threads.emplace_back(work, i);
  }
  auto ended = std::chrono::steady_clock::now();
  if (!failed.empty())
    throw std::runtime_error{failed};
  return std::chrono::duration<double>(ended - began).count();
}

} // namespace
} // namespace bench

int main(int argc, char** argv) try {
  bench::loader_options options;
  CLI::App program{"Loads the posts of workload `posts` straight into Lode's table of records; prints one JSON line"};
  program.add_option("--dsn", options.dsn, "A database that `lode migrate` has prepared")->required();
  program.add_option("--seed", options.seed, "What the posts say");
  program.add_option("--tenants", options.tenants, "How many accounts there are")->required();
  program.add_option("--records", options.records, "Posts of each account")->required()->check(CLI::PositiveNumber);
  program.add_option("--connections", options.connections, "Each with its share of the rows")->check(CLI::PositiveNumber);
  program.add_option("--rows", options.rows, "Rows of a statement, each a commit")->check(CLI::PositiveNumber);
  CLI11_PARSE(program, argc, argv);
  auto seconds = bench::load(options);
  auto records = uint64_t{options.tenants} * options.records;
  std::cout << R"({"records":)" << records << R"(,"seconds":)" << seconds << R"(,"records_per_s":)"
            << static_cast<uint64_t>(static_cast<double>(records) / seconds) << R"(,"cpu_s":)" << bench::cpu_seconds() << "}\n";
  return 0;
} catch (const std::exception& error) {
  std::cerr << "bench-loader: " << error.what() << "\n";
  return 1;
}

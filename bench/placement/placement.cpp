// How evenly shards and tenants lie on many nodes, what moves when one comes or goes, what that costs: see README.md
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cluster/placement/placement.hpp"
#include "cluster/sharding/shard_plan.hpp"
#include "runtime/storage/shard_hash.hpp"

namespace lode {
namespace {

constexpr auto shards = static_cast<size_t>(default_shard_count);

struct options {
  int nodes = 1'000;
  int64_t tenants = 1'000'000;
  int repeat = 10;
  std::string json;
};

struct mean_and_worst {
  double sum = 0, worst = 0;
  int count = 0;
  void add(double x) { sum += x, worst = std::max(worst, x), ++count; }
  double mean() const { return sum / count; }
};

struct move_figures {
  mean_and_worst with_it, between_old, tenants;
};

struct figures {
  int nodes = 0;
  double fullest = 0, emptiest = 1e9, tenants_fullest = 0, tenants_emptiest = 1e9;
  move_figures join, leave;
  std::vector<double> milliseconds;
};

cluster_view cluster_of(int nodes, int repetition) {
  cluster_view view{1, {}};
  for (int i = 0; i < nodes; ++i)
    view.nodes.push_back({"node-" + std::to_string(repetition) + "-" + std::to_string(i), incarnation{i + 1},
                          node_state::member, 100, 0, ""});
  return view;
}

std::vector<int64_t> tenants_by_shard(int64_t tenants) {
  std::vector<int64_t> result(shards);
  for (int64_t i = 1; i <= tenants; ++i)
    ++result[static_cast<size_t>(shard_of(tenant_id{i}).value)];
  return result;
}

void add_balance(figures& to, const placement& placed, const std::vector<int64_t>& tenants, double all_tenants) {
  std::map<incarnation, std::pair<double, double>> counts;
  for (size_t i = 0; i < shards; ++i) {
    auto& [count, live] = counts[placed.owners[i]];
    count += 1, live += static_cast<double>(tenants[i]);
  }
  auto mean = static_cast<double>(shards) / to.nodes, mean_tenants = all_tenants / to.nodes;
  if (counts.size() < static_cast<size_t>(to.nodes))
    to.emptiest = to.tenants_emptiest = 0;
  for (const auto& [node, count] : counts) {
    to.fullest = std::max(to.fullest, count.first / mean), to.emptiest = std::min(to.emptiest, count.first / mean);
    to.tenants_fullest = std::max(to.tenants_fullest, count.second / mean_tenants);
    to.tenants_emptiest = std::min(to.tenants_emptiest, count.second / mean_tenants);
  }
}

void add_moves(move_figures& to, const placement& before, const placement& after, incarnation it,
               const std::vector<int64_t>& tenants, double all_tenants) {
  double with_it = 0, between_old = 0, moved = 0;
  for (size_t i = 0; i < shards; ++i)
    if (before.owners[i] != after.owners[i]) {
      (before.owners[i] == it || after.owners[i] == it ? with_it : between_old) += 1;
      moved += static_cast<double>(tenants[i]);
    }
  to.with_it.add(with_it), to.between_old.add(between_old), to.tenants.add(moved / all_tenants);
}

figures measure(int nodes, const options& given, const std::vector<int64_t>& tenants) {
  figures result;
  result.nodes = nodes;
  auto all = static_cast<double>(given.tenants);
  for (int i = 0; i < given.repeat; ++i) {
    auto view = cluster_of(nodes, i);
    auto begin = std::chrono::steady_clock::now();
    auto placed = place(view, shards);
    result.milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    add_balance(result, placed, tenants, all);
    auto more = cluster_of(nodes + 1, i);
    add_moves(result.join, placed, place(more, shards), more.nodes.back().self, tenants, all);
    auto fewer = view;
    auto gone = fewer.nodes.begin() + (i * 7'919) % nodes;
    auto self = gone->self;
    fewer.nodes.erase(gone);
    add_moves(result.leave, placed, place(fewer, shards), self, tenants, all);
  }
  std::sort(result.milliseconds.begin(), result.milliseconds.end());
  return result;
}

double per_second(std::chrono::milliseconds interval) {
  return 1'000.0 / static_cast<double>(interval.count());
}

std::string json_of(const figures& x) {
  auto nodes = static_cast<double>(x.nodes);
  auto beats = nodes * per_second(heartbeat::interval), looks = nodes * per_second(heartbeat::look),
       readings = nodes * per_second(shard_plan::read_settled);
  std::ostringstream out;
  out << "{\"nodes\":" << x.nodes << ",\"shards\":{\"fullest\":" << x.fullest << ",\"emptiest\":" << x.emptiest
      << "},\"tenants\":{\"fullest\":" << x.tenants_fullest << ",\"emptiest\":" << x.tenants_emptiest
      << "},\"join\":{\"to_new\":" << x.join.with_it.mean() << ",\"between_old\":" << x.join.between_old.mean()
      << ",\"between_old_worst\":" << x.join.between_old.worst << ",\"tenants\":" << x.join.tenants.mean()
      << "},\"leave\":{\"from_gone\":" << x.leave.with_it.mean() << ",\"between_others\":" << x.leave.between_old.mean()
      << ",\"between_others_worst\":" << x.leave.between_old.worst << ",\"tenants\":" << x.leave.tenants.mean()
      << "},\"milliseconds\":" << x.milliseconds[x.milliseconds.size() / 2]
      << ",\"statements_per_second\":{\"beats\":" << beats << ",\"looks\":" << looks << ",\"owners\":" << readings
      << "},\"rows_per_second\":{\"looks\":" << looks * nodes << ",\"owners\":" << readings * static_cast<double>(shards) << "}}";
  return out.str();
}

void print(const figures& x) {
  std::printf("%5d  %5.2f %5.2f   %5.2f %5.2f   %7.1f %6.1f (%3.0f) %6.2f %%   %7.1f %6.1f (%3.0f) %6.2f %%   %7.2f ms\n", x.nodes,
              x.fullest, x.emptiest, x.tenants_fullest, x.tenants_emptiest, x.join.with_it.mean(), x.join.between_old.mean(),
              x.join.between_old.worst, 100 * x.join.tenants.mean(), x.leave.with_it.mean(), x.leave.between_old.mean(),
              x.leave.between_old.worst, 100 * x.leave.tenants.mean(), x.milliseconds[x.milliseconds.size() / 2]);
  std::fflush(stdout);
}

[[noreturn]] void refuse(const std::string& why) {
  std::cerr << "bench-placement: " << why << "\nusage: bench-placement [--nodes N] [--tenants N] [--repeat R] [--json FILE]\n";
  std::exit(2);
}

options options_from(int argc, char** argv) {
  options result;
  for (int i = 1; i < argc; i += 2) {
    std::string name = argv[i];
    if (i + 1 == argc)
      refuse(name + ": found nothing behind it, expected a value");
    if (name == "--json") {
      result.json = argv[i + 1];
      continue;
    }
    auto value = std::strtoll(argv[i + 1], nullptr, 10);
    if (value < 1 || value > 1'000'000'000)
      refuse(name + ": found '" + argv[i + 1] + "', expected a number from 1");
    if (name == "--nodes")
      result.nodes = static_cast<int>(value);
    else if (name == "--tenants")
      result.tenants = value;
    else if (name == "--repeat")
      result.repeat = static_cast<int>(value);
    else
      refuse(name + ": no such option");
  }
  return result;
}

int run(const options& given) {
  auto tenants = tenants_by_shard(given.tenants);
  std::puts("nodes  shards: most, least of mean; tenants the same; a join: to the new, between old (worst), tenants; a leave; time");
  std::string all;
  for (int nodes : {3, 10, 30, 100, 300, 1'000}) {
    if (nodes > given.nodes)
      break;
    auto figures = measure(nodes, given, tenants);
    print(figures);
    all += (all.empty() ? "" : ",\n  ") + json_of(figures);
  }
  if (given.json.empty())
    return 0;
  std::ofstream out{given.json};
  out << "{\"workload\":\"placement\",\"shards\":" << shards << ",\"tenants\":" << given.tenants
      << ",\"repetitions\":" << given.repeat << ",\"clusters\":[\n  " << all << "\n]}\n";
  out.close();
  if (!out)
    refuse("--json: '" + given.json + "' cannot be written; name a file in a folder that exists");
  return 0;
}

} // namespace
} // namespace lode

int main(int argc, char** argv) {
  return lode::run(lode::options_from(argc, argv));
}

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "tests/scenario/sinks/feed_truth.hpp"
#include "tests/scenario/sinks/hook_receiver.hpp"
#include "tests/support/cluster_scenario.hpp"

namespace lode::test {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

uint32_t seed() {
  const auto* given = std::getenv("LODE_SEED");
  return given ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10)) : 1;
}

scenario_settings changing_tenants() {
  scenario_settings settings;
  settings.program = LODE_EXAMPLES_BINARY;
  settings.tenants = 9;
  settings.records = "posts=60,comments=1,contacts=120,orders=120,products=60,customers=60";
  settings.simapi = {"--latency-ms", "20"};
  settings.source_edits = {
    {"page_size: 100", "page_size: 20"}, {"page_size: 200", "page_size: 20"}, {"page_size: 250", "page_size: 20"}};
  return settings;
}

/// What stands in the files of one node, file by file in order of their names.
struct told_by_node {
  std::vector<std::vector<told_change>> files;
  std::vector<std::string> mistakes; ///< lines that are none
};

class sinks_scenario : public testing::Test {
protected:
  void SetUp() override {
    std::cout << "LODE_SEED=" << seed() << std::endl;
    std::filesystem::create_directory(folder_);
    cluster.start_all(3);
    cluster.await_owners({"n1", "n2", "n3"});
    put_sink("copies", "jsonl: {folder: " + folder_ + ", rotate_bytes: 64KiB}\n");
    put_sink("hooks", "webhook: {url: '" + receiver.url() + "', secret: " + hook_receiver::secret()
                        + ", batch: 7, timeout: 1s}\n");
    world.import_tenants();
  }

  void put_sink(const std::string& name, const std::string& yaml) {
    const auto answer = world.present_node().ask("PUT", "/api/v1/sinks/" + name, yaml, "application/yaml");
    ASSERT_TRUE(answer.status == 200 || answer.status == 201) << answer.status << " " << answer.body;
  }

  /// Records change, somebody runs a few connections, and some of it is delivered.
  void go_on(const std::string& at) {
    const auto before = receiver.requests();
    world.control("/control/mutate",
                  {{"inserts", 10}, {"edits", 60}, {"deletes", 4}, {"seed", chance.next() % 100'000}});
    for (int i = 0; i < 4; ++i)
      std::ignore = cluster.trigger_at(at, chance.one_of(world.tenants()));
    const auto patience = std::chrono::steady_clock::now() + 5s;
    await("some of it is delivered",
          [&] { return receiver.requests() > before + 5 || std::chrono::steady_clock::now() > patience; });
  }

  void await_no_runs() {
    await(
      "all runs end",
      [&] {
        return world.number("SELECT (SELECT count(*) FROM requested_run) + (SELECT count(*) FROM run WHERE phase = 0)")
               == 0;
      },
      90s, [&] { return cluster.logs(); });
  }

  /// Nothing changes any more, and all that did is at the sinks.
  void come_to_rest() {
    await_no_runs();
    world.await_settled();
    cluster.use("n1");
    for (const auto& tenant : world.tenants())
      world.trigger(tenant, "full");
    await_no_runs();
    receiver.behave();
    await(
      "the sinks have everything", [&] { return behind() == 0; }, 90s,
      [&] {
        return std::to_string(behind()) + " shards behind\n" + world.api_text("GET", "/api/v1/sinks").body + "\n"
               + cluster.logs();
      });
    for (const std::string name : {"n1", "n2", "n3"})
      cluster.process(name).ask_to_stop();
    for (const std::string name : {"n1", "n2", "n3"})
      EXPECT_EQ(cluster.process(name).await_end(), 0) << name;
  }

  int64_t behind() {
    return world.number(
      "SELECT count(*) FROM sink k CROSS JOIN shard s LEFT JOIN sink_cursor c ON c.sink_id = k.id AND c.shard = s.id "
      "WHERE s.feed_seq > coalesce(c.position, 0)");
  }

  std::vector<told_change> read_lines(const std::filesystem::path& file, std::vector<std::string>& mistakes) const {
    std::vector<told_change> out;
    const auto text = read_file(file.string());
    if (!text.ends_with('\n') || file.extension() != ".jsonl")
      mistakes.push_back(file.string() + " is not finished");
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);)
      try {
        const auto parsed = json::parse(line).as_object();
        out.push_back(read_change(parsed.at("shard").to_number<int64_t>(), parsed));
      } catch (const std::exception& problem) {
        mistakes.push_back(file.string() + ": " + problem.what() + ": " + line);
      }
    return out;
  }

  std::map<std::string, told_by_node> read_files() const {
    std::map<std::string, told_by_node> out;
    std::set<std::filesystem::path> files;
    for (const auto& each : std::filesystem::directory_iterator{folder_})
      files.insert(each.path());
    for (const auto& each : files) {
      auto& node = out[each.filename().string().substr(7, 2)]; // copies-n1-...
      node.files.push_back(read_lines(each, node.mistakes));
    }
    return out;
  }

  void check_files(const stored_truth& truth) {
    std::vector<told_change> all;
    std::map<feed_place, std::multiset<std::string>> tellers;
    for (auto& [name, node] : read_files()) {
      EXPECT_THAT(node.mistakes, IsEmpty());
      for (const auto& file : node.files) {
        EXPECT_THAT(mistakes_of_order(file), IsEmpty()) << name;
        all.insert(all.end(), file.begin(), file.end());
        for (const auto& each : file)
          tellers[each.place].insert(name);
      }
    }
    EXPECT_THAT(mistakes_of_content(all, truth), IsEmpty());
    EXPECT_THAT(missing_in(all, truth), IsEmpty());
    std::cout << "files: " << all.size() << " lines, " << repeats_in(all) << " of them repeat" << std::endl;
    // n1 was never killed or frozen: what it wrote was settled, unless somebody who was had written it before.
    const auto is_unexplained = [](const auto& entry) {
      return entry.second.size() > 1 && entry.second.count("n1") == entry.second.size();
    };
    EXPECT_EQ(std::ranges::count_if(tellers, is_unexplained), 0);
  }

  void check_hooks(const stored_truth& truth) {
    EXPECT_THAT(receiver.complaints(), IsEmpty());
    EXPECT_THAT(mistakes_of_order(receiver.told()), IsEmpty());
    EXPECT_THAT(mistakes_of_content(receiver.told(), truth), IsEmpty());
    const auto all = receiver.acknowledged();
    std::vector<told_change> acknowledged;
    for (const auto& each : all)
      acknowledged.push_back(each.told);
    EXPECT_THAT(missing_in(acknowledged, truth), IsEmpty());
    EXPECT_THAT(unexcused_repeats(all, disturbances_, 5s), IsEmpty());
    std::cout << "webhooks: " << receiver.tally() << "; " << receiver.told().size() << " changes told, "
              << repeats_in(receiver.told()) << " repeat, " << repeats_in(acknowledged)
              << " of these though they were acknowledged; "
              << std::ranges::count_if(all, [](const auto& each) { return !each.is_heard; })
              << " answers may have been thrown away" << std::endl;
  }

  /// From now on it may be that what was acknowledged is told again.
  void disturb() { disturbances_.push_back(std::chrono::steady_clock::now()); }

  dice chance{seed()};
  hook_receiver receiver{seed()};
  cluster_scenario cluster{changing_tenants()};
  scenario& world = cluster.world();
  const std::string folder_ = world.folder() + "/changes";
  std::vector<std::chrono::steady_clock::time_point> disturbances_;
};

TEST_F(sinks_scenario, every_change_reaches_each_sink_in_order_while_nodes_are_killed_frozen_and_stopped) {
  go_on("n1");
  disturb();
  cluster.kill("n2");
  go_on("n1");
  cluster.await_owners({"n1", "n3"}, 20s);
  go_on("n3");
  cluster.start("n2");
  disturb();
  cluster.pause("n3");
  go_on("n1");
  cluster.await_owners({"n1", "n2"}, 20s);
  disturb(); // it may go on with a request before it learns that others own its shards
  cluster.go_on("n3");
  go_on("n2");
  cluster.await_owners({"n1", "n2", "n3"}, 60s);
  cluster.stop("n1");
  go_on("n3");
  cluster.start("n1");
  cluster.await_owners({"n1", "n2", "n3"}, 60s);
  go_on("n1");
  come_to_rest();
  const auto truth = read_truth(world.database().dsn());
  EXPECT_GT(truth.feed.size(), 1'000u);
  check_files(truth);
  check_hooks(truth);
}

} // namespace
} // namespace lode::test

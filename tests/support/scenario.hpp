#pragma once

#include <boost/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/support/child_process.hpp"
#include "tests/support/http_ask.hpp"
#include "tests/support/network_place.hpp"
#include "tests/support/postgres_fixture.hpp"
#include "tests/support/scenario_database.hpp"

namespace lode::test {

namespace json = boost::json;

/// What a scenario begins with. Small by default: each test pays for what it asks.
struct scenario_settings {
  int tenants = 3;
  std::string dialects = "graph,crm,shop";
  std::string records = "posts=60,comments=1,contacts=120,orders=120,products=60,customers=60";
  std::vector<std::string> simapi;         ///< further options of lode-simapi
  std::map<std::string, std::string> node; ///< section.key -> value, over the short timeouts that scenarios have
  /// Replacements in the texts of the example sources: what -> by what.
  std::vector<std::pair<std::string, std::string>> source_edits;
  std::string program; ///< of nodes and commands; empty = lode
  std::vector<std::pair<std::string, std::string>> sources; ///< beside the example sources: name -> text
  std::vector<std::string> streams; ///< those that connections choose; empty = all of the source
  bool is_live = false;    ///< connections listen to what the APIs tell of changes; webhooks are for the test to register
  bool apis_remember = false; ///< the simulated APIs keep what they know over restart_apis()
  bool own_server = false; ///< a PostgreSQL server of its own, to be crashed
  place_pointer database_place; ///< where an own server runs; null = here
  place_pointer apis_place;     ///< where the simulated APIs run; null = here
  /// null = runs start when triggered; else the connections' schedule, which survives a kill.
  json::value schedule = json::object{{"every", "12h"}};
};

/// A node of a scenario. It ends with the last that knows of it.
struct running_node {
  std::shared_ptr<child_process> process;
  uint16_t port = 0;
  place_pointer place = {}; ///< null = here

  http_answer ask(const std::string& target) const { return ask("GET", target); }
  http_answer ask(const std::string& method, const std::string& target, const std::string& body = "",
                  const std::string& content_type = "application/json") const;
  /// What it knows of itself: "node" of its status.
  json::object status() const;
};

/// Where a node's console listens, as its log says; 0: it does not yet.
uint16_t console_port_of(const child_process& node);

/// Simulated APIs, a node and a database, as real processes, and what tests ask of them. Waits end after 60 s with
/// std::runtime_error, which holds the end of the node's log. All processes end with the object.
class scenario {
public:
  explicit scenario(scenario_settings settings = {});
  ~scenario();

  // -- the node ---------------------------------------------------------------------------------------------------
  /// Starts it and waits until it mines. `fault` is its LODE_FAULT; with one it may die before it is ready.
  void start_node(const std::string& fault = "");
  /// Starts it and returns at once; `await_node` waits until it is up.
  void launch_node(const std::string& fault = "");
  void await_node(bool may_die = false);
  /// Starts it with a fault point that kills it, and waits for that. False: it got everything done without passing
  /// there, and still runs.
  bool start_node_until_it_dies_at(const std::string& fault);
  void kill_node();
  void stop_node();
  child_process& node() { return *node_; }
  running_node present_node() const { return {node_, node_port_, node_place_}; }
  /// Where nodes are started from now on.
  void set_place(place_pointer place) { node_place_ = std::move(place); }
  /// A command of the program with the node's settings; what it printed is appended to `out`. The exit code.
  int command(const std::vector<std::string>& words, std::string& out);
  /// Lets go of the node: the next start makes another one beside it, with the same settings and name.
  running_node leave_node();
  /// A setting (section.key) of nodes that are started from now on.
  void set_node(const std::string& key, const std::string& value) { settings_.node[key] = value; }
  /// Talks to this one from now on. The caller keeps the other one, if it is to live.
  void use_node(const running_node& other);
  /// Puts the example sources and imports all tenants of the simulated APIs. The node is up.
  void import_tenants();
  /// The same with a node of its own, which is stopped again; all connections are due when the next one starts.
  void import_tenants_for_the_next_start();
  /// For one tenant: the line of an import, to be changed and sent again with `import_line`.
  json::object import_line_of(const json::object& tenant) const;
  void import_line(const json::object& line) { import_lines(json::serialize(line) + "\n"); }
  void import_lines(const std::string& lines);

  /// The node's API: the answer's JSON; throws unless the status is `expected`.
  json::value api(const std::string& method, const std::string& target, const json::value& body = nullptr, int expected = 200);
  http_answer api_text(const std::string& method, const std::string& target, const std::string& body = "");
  json::object connection(const std::string& tenant);
  /// The latest run of a tenant's connection; empty when there is none.
  json::object last_run(const std::string& tenant);
  void trigger(const std::string& tenant, const std::string& kind = "manual");
  void trigger_all();
  /// Waits until each tenant (all, or those named) has at least `count` runs and none open, or does not go on (suspended,
  /// paused). The node may be restarted meanwhile, but not by itself.
  void await_runs(size_t count = 1, std::vector<std::string> names = {});
  /// Waits until the API shows the state (active, paused, suspended) of a tenant's connection.
  void await_state(const std::string& tenant, const std::string& state);
  void await_pages(size_t pages);

  // -- the simulated APIs ------------------------------------------------------------------------------------------
  json::object control(const std::string& path, const json::object& body);
  std::vector<json::object> control_lines(const std::string& path);
  /// SIGKILL, and another one in its place that goes on from what the one before knew (settings: apis_remember).
  void restart_apis();
  int fault(json::object fault);
  void clear_faults() { control("/control/faults/clear", {}); }
  const std::vector<std::string>& tenants() const noexcept { return tenants_; }
  json::object tenant_line(const std::string& tenant);
  std::vector<json::object> requests(const std::string& tenant = "");
  /// Pages that were served whole more than once: how often beyond the first time.
  size_t pages_fetched_again(const std::string& tenant = "");
  /// Pages that were served whole.
  size_t pages_served();
  /// Waits until the simulated APIs have no request to answer.
  void await_no_requests();
  /// Waits until changes that were just made have settled (x-lode.settle_time and the grain of the cursor).
  void await_settled();

  // -- the store and the audit -------------------------------------------------------------------------------------
  scenario_database& database() { return *database_; }
  int64_t number(const std::string& sql);
  void sql(const std::string& statements);
  /// lode-audit's result. `options` are its own.
  json::object audit(const std::vector<std::string>& options = {});
  /// Waits until an audit finds nothing. Of what came live nobody can tell from outside when the last of it is committed.
  void await_verified(const std::vector<std::string>& options = {}, std::chrono::milliseconds limit = std::chrono::seconds{30});
  /// What was found, for a person; of the latest audit.
  const std::string& audit_text() const noexcept { return audit_text_; }

  std::string log() const;
  /// Of files that go with the scenario.
  const std::string& folder() const noexcept { return folder_; }

private:
  std::string write_config();
  std::string program() const;
  void start_simapi();
  http_answer ask_apis(const std::string& method, const std::string& path, const std::string& body = "");
  void put_sources();
  bool has_ended(const std::string& tenant, size_t count);
  /// Of its connection; "" when the node cannot tell, as in an outage.
  std::string state_of(const std::string& tenant);

  scenario_settings settings_;
  std::string folder_;
  std::unique_ptr<scenario_database> database_;
  std::unique_ptr<child_process> simapi_;
  std::shared_ptr<child_process> node_;
  uint16_t data_port_ = 0; ///< of the simulated APIs
  uint16_t control_port_ = 0;
  uint16_t node_port_ = 0;
  place_pointer node_place_;
  int starts_ = 0;
  std::vector<std::string> tenants_;
  std::string audit_text_;
};

/// Whether nothing was lost, repeated or damaged.
bool is_verified(const json::object& audit);
int64_t number_in(const json::object& object, std::string_view name);
std::string text_in(const json::object& object, std::string_view name);

} // namespace lode::test

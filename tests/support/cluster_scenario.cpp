#include "tests/support/cluster_scenario.hpp"

#include <filesystem>
#include <stdexcept>

namespace lode::test {

namespace {

scenario_settings with_links(scenario_settings settings, bool links) {
  settings.node["cluster.name"] = "scenario";
  if (links)
    settings.node["cluster.listen"] = "127.0.0.1:0";
  settings.node.try_emplace("cluster.drain_timeout", "5s");
  return settings;
}

scenario_settings placed(scenario_settings settings, test_network& network) {
  settings.own_server = true;
  settings.database_place = network.place("postgres");
  settings.apis_place = network.place("apis");
  const auto apis = settings.apis_place->address();
  settings.simapi.insert(settings.simapi.end(), {"--address", apis});
  settings.node["http.resolve"] = "{\"*.test\": " + apis + "}";
  return with_links(std::move(settings), true);
}

} // namespace

cluster_scenario::cluster_scenario(std::shared_ptr<test_network> network, scenario_settings settings)
  : network_(std::move(network)), world_(placed(std::move(settings), *network_)) {
  std::filesystem::create_directory(certificates());
  run_lode({"cluster", "init", "--directory", certificates(), "--name", "scenario"});
}

cluster_scenario::cluster_scenario(scenario_settings settings, bool links) : world_(with_links(std::move(settings), links)) {}

void cluster_scenario::launch(const std::string& name, const std::string& fault, const std::string& dsn) {
  world_.use_node({});
  nodes_.erase(name);
  world_.set_node("node.name", name);
  world_.set_node("store.dsn", '"' + (!dsn.empty() ? dsn : network_ ? world_.database().network_dsn() : world_.database().dsn()) + '"');
  if (network_)
    settle(name);
  world_.launch_node(fault);
  nodes_[name] = world_.present_node();
}

void cluster_scenario::await_up(const std::string& name, bool may_die) {
  use(name);
  world_.await_node(may_die);
  nodes_[name] = world_.present_node();
}

void cluster_scenario::start(const std::string& name, const std::string& fault, const std::string& dsn) {
  launch(name, fault, dsn);
  await_up(name, !fault.empty());
}

void cluster_scenario::settle(const std::string& name) {
  const auto place = network_->place(name);
  const auto file = certificates() + "/" + name;
  if (!std::filesystem::exists(file + ".pem"))
    run_lode({"cluster", "certificate", name, "--directory", certificates()});
  world_.set_place(place);
  world_.set_node("cluster.listen", place->address() + ":0");
  world_.set_node("cluster.certificate_file", file + ".pem");
  world_.set_node("cluster.key_file", file + ".key");
  world_.set_node("cluster.ca_file", certificates() + "/ca.pem");
}

std::string cluster_scenario::certificates() const {
  return world_.folder() + "/certificates";
}

void cluster_scenario::run_lode(std::vector<std::string> words) {
  const auto log = world_.folder() + "/certificates.log";
  words.insert(words.begin(), LODE_BINARY);
  if (run_program(std::move(words), log) != 0)
    throw std::runtime_error{last_lines(log)};
}

void cluster_scenario::start_all(size_t count) {
  for (size_t i = 1; i <= count; ++i)
    start("n" + std::to_string(i));
}

void cluster_scenario::use(const std::string& name) {
  world_.use_node(node(name));
}

const running_node& cluster_scenario::node(const std::string& name) const {
  auto found = nodes_.find(name);
  if (found == nodes_.end())
    throw std::runtime_error{"there is no node " + name};
  return found->second;
}

child_process& cluster_scenario::process(const std::string& name) const {
  return *node(name).process;
}

std::vector<std::string> cluster_scenario::running() const {
  std::vector<std::string> out;
  for (const auto& [name, each] : nodes_)
    if (each.process->is_running())
      out.push_back(name);
  return out;
}

void cluster_scenario::kill(const std::string& name) {
  process(name).kill_hard();
}

void cluster_scenario::stop(const std::string& name) {
  if (auto code = process(name).stop(); code != 0)
    throw std::runtime_error{name + " ended with " + std::to_string(code) + "\n" + last_lines(process(name).log(), 25)};
}

void cluster_scenario::pause(const std::string& name) {
  process(name).pause();
}

void cluster_scenario::go_on(const std::string& name) {
  process(name).go_on();
}

json::object cluster_scenario::status(const std::string& name) const {
  return node(name).status();
}

http_answer cluster_scenario::trigger_at(const std::string& name, const std::string& tenant) {
  auto& node = nodes_.at(name);
  if (node.port == 0)
    node.port = console_port_of(process(name));
  return node.port == 0 ? http_answer{} : node.ask("POST", "/api/v1/tenants/" + tenant + "/connections/main/runs", "{\"kind\":\"manual\"}");
}

std::string cluster_scenario::link(const std::string& name, const std::string& other) const {
  const auto answer = node(name).ask("/api/v1/cluster");
  if (answer.status != 200)
    return "not told: " + std::to_string(answer.status);
  const auto all = json::parse(answer.body);
  for (const auto& each : all.at("nodes").as_array())
    if (text_in(each.as_object(), "name") == other)
      return std::string{each.at("link").at("state").as_string()};
  return "none";
}

std::map<std::string, int64_t> cluster_scenario::shards() {
  std::map<std::string, int64_t> out;
  for (const auto& [name, each] : nodes_)
    out[name] = world_.number("SELECT count(*) FROM shard s JOIN node n ON n.incarnation = s.owner WHERE n.name = '" + name + "'");
  return out;
}

void cluster_scenario::await_owners(const std::set<std::string>& names, std::chrono::milliseconds limit) {
  await(
    "the named nodes own all shards",
    [&] {
      int64_t owned = 0;
      for (const auto& [name, count] : shards()) {
        if (names.contains(name) ? count == 0 : count > 0)
          return false;
        owned += count;
      }
      return owned == world_.number("SELECT shard_count FROM store");
    },
    limit,
    [&] {
      std::string text;
      for (const auto& [name, count] : shards())
        text += name + ": " + std::to_string(count) + " shards\n";
      return text + logs();
    });
}

void cluster_scenario::watch_epochs() {
  world_.sql("CREATE SCHEMA watch; CREATE TABLE watch.violation (shard bigint, before bigint, after bigint);"
             "CREATE FUNCTION watch.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
             "INSERT INTO watch.violation VALUES (OLD.id, OLD.epoch, NEW.epoch); RETURN NULL; END $$;"
             "CREATE TRIGGER watch_epochs AFTER UPDATE ON shard FOR EACH ROW "
             "WHEN (NEW.epoch < OLD.epoch OR (NEW.owner <> OLD.owner AND NEW.owner <> 0 AND NEW.epoch <= OLD.epoch)) "
             "EXECUTE FUNCTION watch.note()");
}

int64_t cluster_scenario::epochs_that_did_not_grow() {
  return world_.number("SELECT count(*) FROM watch.violation");
}

int64_t cluster_scenario::commits_out_of_epoch() {
  return world_.number("SELECT count(*) FROM (SELECT lag(last) OVER (PARTITION BY shard ORDER BY base_seq) > first AS is_wrong "
                       "FROM (SELECT shard, base_seq, (SELECT max(e) FROM unnest(order_epochs) e) AS last, "
                       "(SELECT min(e) FROM unnest(order_epochs) e) AS first FROM feed) f) g WHERE is_wrong");
}

std::string cluster_scenario::logs() const {
  std::string out;
  for (const auto& [name, each] : nodes_)
    out += "--- " + name + "\n" + last_lines(each.process->log(), 15) + "\n";
  return out;
}

} // namespace lode::test

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <mutex>

#include "messages/type_ids.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/problems.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/console/standing_view.hpp"
#include "runtime/security/redact.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

namespace json = boost::json;
using clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// One look at everything serves all who ask within a second.
constexpr auto keeps_for = 1s;
/// ... and so long those who would have to wait for the next look.
constexpr auto serves_for = 5s;
constexpr size_t most_problems = 50;

/// What all nodes have done up to a moment; rates are made of two.
struct totals {
  clock::time_point at{};
  std::map<incarnation, node_status> nodes{};
};

json::object shown(const problem& each) {
  auto named = [](const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); };
  json::array examples;
  for (const auto& example : each.examples)
    examples.push_back({{"tenant", example.tenant},
                        {"connection", example.connection},
                        {"since", time_or_null(example.since)},
                        {"detail", redact(example.detail)}});
  return {{"id", each.id},
          {"severity", json_text(name_of(each.grade))},
          {"reason", each.reason},
          {"title", each.title},
          {"detail", redact(each.detail)},
          {"help", each.help},
          {"since", time_or_null(each.since)},
          {"tenants", each.tenants},
          {"source", named(each.source)},
          {"node", named(each.node)},
          {"action", named(each.action)},
          {"examples", std::move(examples)}};
}

/// How much of the counter came in a second, on nodes that both samples know.
double rate_of(const totals& older, const totals& newer, uint64_t node_status::*counter) {
  const auto seconds = std::chrono::duration<double>(newer.at - older.at).count();
  double sum = 0;
  for (const auto& [life, status] : newer.nodes)
    if (auto before = older.nodes.find(life); before != older.nodes.end() && status.*counter >= before->second.*counter)
      sum += static_cast<double>(status.*counter - before->second.*counter);
  return seconds > 0 ? sum / seconds : 0;
}

/// Makes the answer at most once a second; used by all workers. Who comes while another one looks, which takes a second when a node hangs,
/// gets the answer of before.
class overview_maker {
public:
  caf::expected<api_response> answer(api_context& context) {
    if (auto kept = answer_within(keeps_for))
      return *kept;
    std::unique_lock making{making_, std::try_to_lock};
    if (!making) {
      if (auto kept = answer_within(serves_for))
        return *kept;
      making.lock();
      if (auto kept = answer_within(keeps_for))
        return *kept;
    }
    auto store = inspection_of(context);
    if (!store)
      return store.error();
    auto out = json_response(look(**store, context));
    std::scoped_lock lock{guard_};
    kept_ = kept_answer{out.body, clock::now()};
    return out;
  }

private:
  struct kept_answer {
    std::string body;
    clock::time_point made{};
  };

  std::optional<api_response> answer_within(clock::duration age) {
    std::scoped_lock lock{guard_};
    if (!kept_ || clock::now() - kept_->made >= age)
      return std::nullopt;
    api_response out;
    out.body = kept_->body;
    return out;
  }

  json::object look(inspection_store& store, api_context& context) {
    const auto now = wall_clock();
    const auto found = context.services.node->survey(std::nullopt);
    const auto figures = sample(found, context.services.node->status());
    auto seen = store.overview(now);
    json::object out{{"as_of", format_time(now)}, {"store", seen ? json::string{"ok"} : json::string{redact(message_of(seen.error()))}}};
    std::vector<problem> problems;
    if (!seen)
      problems.push_back(store_away(message_of(seen.error())));
    const auto known = seen ? std::move(*seen) : store_overview{};
    if (auto nodes = nodes_of(context, found, figures); nodes && seen) {
      problems = problems_of(known, silent_, now, sinks_of(context));
      out["nodes"] = std::move(*nodes);
    } else {
      out["nodes"] = json::array{};
    }
    json::object tenants, waiting;
    for (auto state : {activity::active, activity::paused, activity::suspended, activity::deleting})
      tenants[json_text(name_of(state))] = known.tenants.at(static_cast<size_t>(state));
    for (const auto& [reason, count] : known.waiting)
      waiting[json_text(name_of(reason))] = count;
    out["tenants"] = std::move(tenants);
    out["waiting"] = std::move(waiting);
    json::array shown_problems;
    for (size_t i = 0; i < std::min(problems.size(), most_problems); ++i)
      shown_problems.push_back(shown(problems[i]));
    out["problems"] = std::move(shown_problems);
    out["problems_total"] = problems.size();
    out["shards_without_node"] = known.shards_without_node;
    out["now"] = now_of(known);
    return out;
  }

  /// None where they cannot be had: the store's own problem is told.
  static std::vector<sink_standing> sinks_of(api_context& context) {
    auto all = context.stores.sinks ? context.stores.sinks->list_sinks() : std::vector<sink_standing>{};
    return all ? std::move(*all) : std::vector<sink_standing>{};
  }

  /// Figures by life of all that said something.
  const totals& sample(const peers_surveyed& found, const node_status& self) {
    totals now{clock::now(), {}};
    now.nodes[self.self] = self;
    for (const auto& report : found.reports)
      now.nodes[report.status.self] = report.status;
    if (newer_.at - older_.at > 10s || older_.nodes.empty())
      older_ = newer_.nodes.empty() ? now : newer_;
    newer_ = std::move(now);
    return newer_;
  }

  /// As the store shows them; notes which are silent.
  std::optional<json::array> nodes_of(api_context& context, const peers_surveyed& found, const totals& figures) {
    silent_.clear();
    json::array out;
    auto* members = context.stores.membership.get();
    if (!members)
      return out;
    auto view = members->look();
    if (!view)
      return std::nullopt;
    for (const auto& row : view->nodes) {
      const bool is_quiet = is_silent(row, found);
      if (is_quiet)
        silent_.push_back(row.name);
      const auto told = figures.nodes.find(row.self);
      const bool is_told = told != figures.nodes.end();
      out.push_back({{"name", row.name},
                     {"state", row.state == node_state::joining    ? "joining"
                               : row.state == node_state::draining ? "draining"
                                                                   : "member"},
                     {"is_silent", is_quiet},
                     {"shards", is_told ? told->second.shards : 0},
                     {"records_per_second", is_told ? told->second.records_per_second : 0.0}});
    }
    return out;
  }

  json::object now_of(const store_overview& seen) const {
    double records = 0, memory = 0;
    for (const auto& [life, status] : newer_.nodes) {
      records += status.records_per_second;
      memory += static_cast<double>(status.memory_bytes);
    }
    const auto changed = rate_of(older_, newer_, &node_status::inserted) + rate_of(older_, newer_, &node_status::updated);
    const auto read = rate_of(older_, newer_, &node_status::records);
    return {{"records", records},
            {"calls", rate_of(older_, newer_, &node_status::calls)},
            {"changed_share", read > 0 ? std::min(1.0, changed / read) : 0.0},
            {"errors", rate_of(older_, newer_, &node_status::failed_calls) * 60},
            {"lateness", std::chrono::duration<double>(seen.lateness).count()},
            {"queue", seen.open_continuations},
            {"memory", memory}};
  }

  std::mutex guard_;
  std::optional<kept_answer> kept_;
  std::mutex making_; ///< held while somebody looks; the rest is that one's
  totals older_;
  totals newer_;
  std::vector<std::string> silent_;
};

/// Who owns each shard (an index of `nodes`, -1: nobody alive), and what moved last.
caf::expected<api_response> shards(const api_request&, api_context& context) {
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  auto* members = context.stores.membership.get();
  if (!members)
    return caf::make_error(errc::store_unavailable, "this node does not know the other nodes of its store");
  auto view = members->look();
  auto rows = members->owners();
  auto moved = (*store)->list_moves();
  if (!view || !rows || !moved)
    return !view ? view.error() : !rows ? rows.error() : moved.error();
  std::map<incarnation, int64_t> places;
  json::array nodes, owners, epochs, moves;
  for (const auto& node : view->nodes) {
    places[node.self] = static_cast<int64_t>(nodes.size());
    nodes.emplace_back(node.name);
  }
  for (const auto& row : *rows) {
    const auto place = places.find(row.owner);
    owners.emplace_back(place == places.end() ? int64_t{-1} : place->second);
    epochs.emplace_back(row.epoch.value);
  }
  auto named = [](const std::string& name) { return name.empty() ? json::value(nullptr) : json::value(name); };
  for (const auto& move : *moved)
    moves.push_back({{"at", format_time(move.at)}, {"from", named(move.from)}, {"to", named(move.to)}, {"shards", move.shards}, {"because", move.because}});
  return json_response({{"nodes", std::move(nodes)}, {"owners", std::move(owners)}, {"epochs", std::move(epochs)}, {"moves", std::move(moves)}});
}

/// Those of the node that is asked.
caf::expected<api_response> answer_settings(const api_request&, api_context& context) {
  json::array items;
  for (const auto& line : context.services.settings)
    items.push_back({{"name", line.name}, {"value", redact(line.value)}, {"is_default", line.is_default}, {"help", line.help}});
  return json_response({{"node", context.services.node->status().name}, {"settings", std::move(items)}});
}

} // namespace

void add_overview_routes(router& routes) {
  routes.add("GET", "/api/v1/overview",
             [maker = std::make_shared<overview_maker>()](const api_request&, api_context& context) { return maker->answer(context); });
  routes.add("GET", "/api/v1/shards", shards);
  routes.add("GET", "/api/v1/settings", answer_settings, route_access::immediate);
}

} // namespace lode

#include "tests/simapi/control.hpp"

#include "tests/simapi/commands.hpp"
#include "tests/simapi/live/reports.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <map>

namespace simapi {

uint64_t number_of(const parameters& query, const char* name, uint64_t otherwise) {
  const auto* text = query.find(name);
  uint64_t value = otherwise;
  if (text && std::from_chars(text->data(), text->data() + text->size(), value).ptr != text->data() + text->size())
    throw command_error(400, std::string{name} + ": found '" + *text + "', expected a number");
  return value;
}

/// The tenant that the query names, or nullptr for all.
tenant_state* tenant_of(simulation& sim, const parameters& query) {
  const auto* name = query.find("tenant");
  if (!name || name->empty())
    return nullptr;
  auto* found = sim.find(*name);
  if (!found)
    throw command_error(404, "tenant: found '" + *name + "', expected one of GET /control/tenants");
  return found;
}

namespace {

namespace json = boost::json;

constexpr const char* lines_type = "application/x-ndjson";

control_reply health(simulation& sim, const parameters&) {
  control_reply reply;
  reply.body = json::serialize(json::object{{"ok", true}, {"now", sim.now()}, {"port", sim.port},
                                            {"tenants", sim.states.size()}, {"frozen", sim.frozen}});
  return reply;
}

control_reply clock(simulation& sim, const parameters&) {
  control_reply reply;
  reply.body = json::serialize(json::object{{"now", sim.now()}, {"stopped", sim.clock.stopped()}});
  return reply;
}

control_reply tenants(simulation& sim, const parameters& query) {
  control_reply reply;
  reply.content_type = lines_type;
  const auto* only = tenant_of(sim, query);
  for (const auto& each : sim.states)
    if (!only || only == &each)
      reply.body += tenant_line(sim, each) + '\n';
  return reply;
}

/// What the source of a dialect wants to know.
struct wanted_fields {
  std::vector<const char*> configuration, secrets;
};
const std::map<std::string_view, wanted_fields> wanted_by_dialect{
  {"graph", {{"base_url", "account"}, {"access_token"}}},
  {"crm", {{"base_url", "token_url", "client_id", "start"}, {"client_secret", "refresh_token"}}},
  {"shop", {{"base_url", "start"}, {"api_key"}}},
  {"graphql", {{"base_url", "start"}, {"access_token"}}}};

/// What a live connection wants to know beside that.
const std::map<std::string_view, wanted_fields> wanted_by_live_dialect{
  {"graph", {{"live_url"}, {}}}, {"crm", {{"portal"}, {}}}, {"shop", {{"shop"}, {"client_secret"}}}, {"graphql", {}}};

json::object picked(const json::object& tenant, const std::vector<const char*>& names) {
  json::object out;
  for (const auto* name : names)
    out[name] = tenant.at(name);
  return out;
}

control_reply import(simulation& sim, const parameters& query) {
  const auto *every = query.find("every"), *live = query.find("live");
  control_reply reply;
  reply.content_type = lines_type;
  const auto* only = tenant_of(sim, query);
  for (const auto& each : sim.states) {
    if (only && only != &each)
      continue;
    auto tenant = json::parse(tenant_line(sim, each)).as_object();
    const std::string dialect{tenant.at("dialect").as_string()};
    const auto& wanted = wanted_by_dialect.at(dialect);
    json::object line{{"tenant", tenant.at("tenant")}, {"connection", "main"}, {"source", dialect}};
    line["configuration"] = picked(tenant, wanted.configuration);
    line["secrets"] = picked(tenant, wanted.secrets);
    if (live && *live == "true") {
      const auto& more = wanted_by_live_dialect.at(dialect);
      for (const auto& each : picked(tenant, more.configuration))
        line["configuration"].as_object().insert(each);
      for (const auto& each : picked(tenant, more.secrets))
        line["secrets"].as_object().insert(each);
    }
    if (every)
      line["schedule"] = {{"every", *every}};
    reply.body += json::serialize(line) + '\n';
  }
  return reply;
}

control_reply faults(simulation& sim, const parameters&) {
  json::array list;
  for (const auto& each : sim.faults.all()) {
    json::object line{{"id", each.id}, {"kind", name_of(each.kind)}, {"stream", each.stream}, {"rate", each.rate},
                      {"times", each.times}, {"skip", each.skip}, {"seen", each.seen}, {"hit", each.hit}};
    line["tenant"] = json::array(each.tenants.begin(), each.tenants.end());
    list.push_back(line);
  }
  control_reply reply;
  reply.body = json::serialize(list);
  return reply;
}

json::object log_line(const simulation& sim, const request_entry& entry) {
  return {{"seq", entry.seq},
          {"time", entry.time},
          {"tenant", entry.tenant < 0 ? "" : sim.states[static_cast<size_t>(entry.tenant)].data->name},
          {"stream", entry.stream},
          {"method", entry.post ? "POST" : "GET"},
          {"target", entry.target},
          {"page", entry.page},
          {"status", entry.status},
          {"fault", entry.fault},
          {"completed", entry.completed},
          {"records", entry.records}};
}

control_reply requests(simulation& sim, const parameters& query) {
  control_reply reply;
  reply.content_type = lines_type;
  const auto* only = tenant_of(sim, query);
  auto after = number_of(query, "after", 0);
  auto limit = number_of(query, "limit", ~uint64_t{0});
  for (const auto& entry : sim.log.entries()) {
    if (entry.seq <= after || (only && entry.tenant != static_cast<int32_t>(only->data->index)))
      continue;
    if (limit-- == 0)
      break;
    reply.body += json::serialize(log_line(sim, entry)) + '\n';
  }
  return reply;
}

json::object counted(const counters& of) {
  return {{"requests", of.requests},   {"completed", of.completed}, {"errors", of.errors},
          {"records", of.records},     {"bytes", of.bytes},         {"in_flight", of.in_flight},
          {"max_in_flight", of.max_in_flight}};
}

control_reply stats(simulation& sim, const parameters& query) {
  auto result = counted(sim.total);
  result["now"] = sim.now();
  result["sequence"] = sim.world.sequence();
  result["log_dropped"] = sim.log.dropped();
  json::array list;
  const auto* only = tenant_of(sim, query);
  for (const auto& each : sim.states) {
    if (only && only != &each)
      continue;
    auto line = counted(each.count);
    line["tenant"] = each.data->name;
    line["refreshes"] = each.count.refreshes;
    line["last_request_at"] = each.count.last_request_at;
    line["last_served_at"] = each.count.last_served_at;
    json::object live;
    for (const auto& in : each.data->streams)
      live[name_of(in.kind)] = in.order.size();
    line["live"] = live;
    list.push_back(line);
  }
  result["tenants"] = list;
  control_reply reply;
  reply.body = json::serialize(result);
  return reply;
}

control_reply truth(simulation& sim, const parameters& query) {
  control_reply reply;
  reply.content_type = lines_type;
  reply.headers = "X-Truth-Sequence: " + std::to_string(sim.world.sequence()) + "\r\n";
  const auto* only = tenant_of(sim, query);
  reply.more = truth_pieces(sim, only ? only->data : nullptr, number_of(query, "since", 0));
  return reply;
}

using reader = control_reply (*)(simulation&, const parameters&);

const std::map<std::string_view, reader> readers{
  {"/control/health", health}, {"/control/clock", clock},       {"/control/tenants", tenants}, {"/control/import", import},
  {"/control/faults", faults},
  {"/control/stats", stats},   {"/control/requests", requests}, {"/control/truth", truth},
  {"/control/hooks", hooks_report}, {"/control/live", live_report}, {"/control/live/settled", settled_report}};

control_reply command(simulation& sim, std::string_view path, const std::string& body) {
  auto real = real_now();
  std::string entry;
  put(entry, real);
  put(entry, static_cast<uint32_t>(path.size()));
  entry.append(path).append(body);
  // Written first: what a client may have seen the effect of is in the journal.
  if (path != "/control/requests/clear")
    sim.state.append(entry_type::command, entry);
  control_reply reply;
  reply.body = apply_command(sim, path, body, real);
  return reply;
}

} // namespace

control_reply answer_control(simulation& sim, bool post, const std::string& target, const std::string& body) {
  std::string_view path{target.data(), std::min(target.find('?'), target.size())};
  parameters query{path.size() < target.size() ? std::string_view{target}.substr(path.size() + 1) : ""};
  std::scoped_lock lock{sim.mutex};
  try {
    if (post)
      return command(sim, path, body);
    auto found = readers.find(path);
    if (found == readers.end())
      throw command_error(404, "path: found '" + std::string{path} + "', expected one of tests/simapi/PROTOCOL.md");
    return found->second(sim, query);
  } catch (const command_error& error) {
    control_reply reply;
    reply.status = error.status;
    reply.body = json::serialize(json::object{{"error", error.what()}});
    return reply;
  }
}

} // namespace simapi

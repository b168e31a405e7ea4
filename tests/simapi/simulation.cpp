#include "tests/simapi/simulation.hpp"

#include "tests/simapi/dialects.hpp"
#include "tests/simapi/random.hpp"
#include "tests/simapi/time_text.hpp"

#include <stdexcept>

namespace simapi {

simulation::simulation(const settings& from)
  : config(from), world(from), manners(from.manners), faults(from.seed), log(from.request_log), port(from.port),
    control_port(from.control_port) {
  for (auto& each : world.tenants()) {
    states.push_back({&each, {}, from.allowed, {}, {}});
    states.back().secrets.seed = from.seed;
    states.back().secrets.tenant = each.index;
  }
  if (from.state_file.empty())
    return;
  auto entries = state.open(from.state_file);
  auto fingerprint = config.world_fingerprint();
  if (entries.empty())
    state.append(entry_type::header, fingerprint);
  else if (entries.front().type != entry_type::header || entries.front().body != fingerprint)
    throw std::runtime_error("state file " + from.state_file + ": found a world of\n  " + entries.front().body
                             + "\nexpected that of this command line\n  " + fingerprint);
  replay(entries);
}

tenant_state* simulation::find(const std::string& name) {
  return state_of(world.find(name));
}

tenant_state* simulation::find_graph_token(const std::string& token) {
  if (graph_tokens.empty())
    for (const auto& each : states)
      if (each.data->speaks == dialect::graph)
        graph_tokens[each.secrets.graph_token()] = each.data->index;
  auto found = graph_tokens.find(token);
  return found == graph_tokens.end() ? nullptr : &states[found->second];
}

void simulation::remember_serial(const tenant_state& whose) {
  std::string body;
  put(body, whose.data->index);
  put(body, whose.secrets.rotation);
  put(body, whose.secrets.serial);
  state.append(entry_type::serial, body);
}

void simulation::begin(exchange& of) {
  auto speaks = dialect_of(of.ask.path);
  if (!speaks)
    of.what.refusal = plain_answer(404, R"({"error":"no such path; see tests/simapi/PROTOCOL.md"})");
  else
    of.what = *speaks == dialect::graph ? parse_graph(*this, of.ask)
              : *speaks == dialect::crm ? parse_crm(*this, of.ask)
              : *speaks == dialect::graphql ? parse_graphql(*this, of.ask)
                                        : parse_shop(*this, of.ask);
  auto time = now();
  ++total.requests;
  total.max_in_flight = std::max(total.max_in_flight, ++total.in_flight);
  of.delay_ms = manners.latency_ms;
  if (auto* who = of.what.who) {
    auto& count = who->count;
    ++count.requests;
    count.max_in_flight = std::max(count.max_in_flight, ++count.in_flight);
    count.last_request_at = time;
    auto pages = of.what.token ? of.what.token->pages : 0;
    of.spoiled = faults.strike({who->data->name, of.what.stream_name, !of.what.token_text.empty(), of.what.paged_by_token,
                                pages, of.what.access_serial});
    if (!of.spoiled)
      of.spoiled = random_error(of);
    if (manners.latency_jitter_ms > 0)
      of.delay_ms += mix(config.seed, who->data->index, count.requests, 21) % manners.latency_jitter_ms;
  }
  if (of.spoiled && of.spoiled->kind == fault_kind::slow_first_byte)
    of.delay_ms += of.spoiled->delay_ms;
  std::string name;
  if (of.spoiled)
    name = of.spoiled->id > 0 ? std::string{name_of(of.spoiled->kind)}
           : of.spoiled->kind == fault_kind::server_error
             ? "error_rate:" + std::to_string(of.spoiled->status)
             : "error_rate:" + std::string{name_of(of.spoiled->kind)};
  of.seq = log.add({0, time, of.what.who ? static_cast<int32_t>(of.what.who->data->index) : -1, std::string{of.what.stream_name},
                    of.ask.post, false, 0, 0, std::move(name), without_secrets(of.ask.target), of.what.page});
}

std::optional<fault> simulation::random_error(const exchange& of) {
  if (manners.error_rate <= 0 || of.what.stream_name == "oauth" || of.what.stream_name == "live")
    return {};
  auto hash = mix(config.seed, of.what.who->data->index, of.what.who->count.requests, 22);
  if (unit_interval(hash) >= manners.error_rate)
    return {};
  static constexpr uint32_t statuses[] = {500, 502, 503};
  auto which = scramble(hash) % 5;
  fault made;
  made.kind = which < 3 ? fault_kind::server_error : which == 3 ? fault_kind::reset : fault_kind::truncated_body;
  made.status = which < 3 ? statuses[which] : 0;
  return made;
}

} // namespace simapi

// What each event costs in the node: posts of the example source "graph", 520 bytes each, one to a message.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <iostream>

#include "messages/type_ids.hpp"
#include "runtime/extraction/connection_config.hpp"
#include "runtime/extraction/event_mapper.hpp"
#include "runtime/manifest/loader.hpp"

namespace lode {
namespace {

event_rules rules_of_graph() {
  auto plan = load_manifest(GRAPH_SOURCE).plan;
  auto config = connection_config(R"({"account":"17"})", R"({"access_token":"t"})");
  if (plan && config)
    if (auto rules = event_rules::make(plan, 0, *config, {true, true}, 7, {}))
      return std::move(*rules);
  std::cerr << "bench-micro: " << GRAPH_SOURCE << " cannot be executed; see lode source lint\n";
  std::exit(1);
}

std::string event_of_post() {
  std::string record = R"({"id":"17_5","from":{"id":"17","name":"Caf\u00e9"},"created_time":"2024-05-01T10:20:30+0000",)"
                       R"("updated_time":"2024-05-01T10:20:30+0000","shares":{"count":12},"rate":1.10,"place":null,"message":")";
  record.append(520 - record.size() - 2, 'x');
  return R"({"type":"event","id":"17_9","stream":"posts","operation":"upsert","sent_at":1714558830000,"record":)" + record + "\"}}";
}

void map_event(benchmark::State& state) {
  const auto rules = rules_of_graph();
  const auto message = event_of_post();
  const std::vector<http_header> headers;
  event_mapper mapper;
  for (auto _ : state) {
    auto heard = mapper.map(rules, {message, headers, {}});
    if (heard.events.size() != 1)
      state.SkipWithError("an event is not read as it should be");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(map_event);

} // namespace
} // namespace lode

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/extraction/connection_context.hpp"
#include "actors/scheduling/run_report.hpp"
#include "messages/actors.hpp"

/// Small plans and connections for actor tests.
namespace lode {

/// A plan with one stream `items`: GET https://api.test/items, {"items":[...],"next":token}, key `id`.
inline source_plan_pointer item_plan(std::vector<rate_budget> budgets = {}) {
  auto plan = std::make_shared<source_plan>();
  plan->name = "items-api";
  auto text = [](const std::string& code) { return *program::parse(code); };
  stream_plan stream;
  stream.name = "items";
  stream.primary_key = {{"id"}};
  stream.requester.url_base = text("https://api.test");
  stream.requester.path = text("/items");
  stream.selector.field_path = {text("items")};
  cursor_paging paging;
  paging.cursor_value = text("{{ response.get('next', '') }}");
  stream.paginator.strategy = paging;
  request_option option;
  option.field_name = text("after");
  stream.paginator.token_option = option;
  stream.lode.budgets = std::move(budgets);
  stream.lode.page_bytes_estimate = 100;
  plan->streams.push_back(std::move(stream));
  return plan;
}

/// What actors tell people.
struct noted_event {
  run_event event{};
  run_subject subject;
  std::string detail;
};

inline run_report note_into(std::vector<noted_event>& notes) {
  return [&notes](run_event event, const run_subject& subject, const std::string& detail) {
    notes.push_back({event, subject, detail});
  };
}

/// Those of one kind.
inline std::vector<noted_event> events_of(const std::vector<noted_event>& notes, run_event event) {
  std::vector<noted_event> result;
  for (const auto& note : notes)
    if (note.event == event)
      result.push_back(note);
  return result;
}

inline connection_pointer item_connection(int64_t tenant, source_plan_pointer plan) {
  auto result = std::make_shared<connection_context>();
  result->tenant = tenant_id{tenant};
  result->tenant_name = "tenant" + std::to_string(tenant);
  result->connection = connection_id{tenant * 10};
  result->connection_name = "items";
  result->claim = {shard_id{1}, shard_epoch{1}};
  result->plan = std::move(plan);
  result->config = expression::value{expression::value_map{}};
  result->schedule = R"({"every":"15m"})";
  result->streams.assign(result->plan->streams.size(), stream_id{tenant * 100});
  result->hash_seed = 7;
  result->store_generation = 42;
  return result;
}

} // namespace lode

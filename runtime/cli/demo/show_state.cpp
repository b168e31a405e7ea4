#include "runtime/cli/demo/show_state.hpp"

#include <boost/json.hpp>

namespace lode::demo {

namespace json = boost::json;

namespace {

constexpr int64_t form = 2;

/// One list of the fields for both directions.
template <class State, class Visit>
void each_field(State& state, Visit visit) {
  visit("seed", state.seed);
  visit("tenants", state.tenants);
  visit("percent", state.percent);
  visit("first_day", state.first_day);
  visit("last_day", state.last_day);
  visit("is_mutated", state.is_mutated);
  visit("last_run_of_first_pass", state.last_run_of_first_pass);
  visit("records", state.records);
  visit("inserted", state.inserted);
  visit("changed", state.changed);
  visit("unchanged", state.unchanged);
  visit("deleted", state.deleted);
  visit("api_port", state.api_port);
  visit("kills", state.kills);
  visit("is_recovered", state.is_recovered);
  visit("recovery_seconds", state.recovery_seconds);
  visit("lost_node", state.lost_node);
  visit("is_taken_over", state.is_taken_over);
  visit("takeover_seconds", state.takeover_seconds);
  visit("refetched_by_recovery", state.refetched_by_recovery);
  visit("refetched_by_takeover", state.refetched_by_takeover);
  visit("api_calls", state.api_calls);
  visit("seconds", state.seconds);
  visit("cpu_seconds", state.cpu_seconds);
  visit("peak_rss_bytes", state.peak_rss_bytes);
  visit("resumed", state.resumed);
}

} // namespace

std::string to_json(const show_state& state) {
  json::object out{{"form", form}, {"phase", static_cast<int64_t>(state.phase)}};
  each_field(state, [&](const char* name, const auto& value) { out[name] = json::value_from(value); });
  return json::serialize(out) + "\n";
}

std::optional<show_state> parse_state(const std::string& text) {
  json::error_code problem;
  auto value = json::parse(text, problem);
  if (problem || !value.is_object())
    return std::nullopt;
  try {
    const auto& object = value.get_object();
    if (object.at("form").to_number<int64_t>() != form)
      return std::nullopt;
    show_state out;
    auto phase = object.at("phase").to_number<int64_t>();
    if (phase < 0 || phase > static_cast<int64_t>(show_phase::finished))
      return std::nullopt;
    out.phase = static_cast<show_phase>(phase);
    each_field(out, [&](const char* name, auto& field) {
      field = json::value_to<std::remove_reference_t<decltype(field)>>(object.at(name));
    });
    return out;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

} // namespace lode::demo

#include "runtime/extraction/live_texts.hpp"

#include "runtime/expression/program.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/live_conditions.hpp"

namespace lode {

namespace {

expression::context names_for(const live_inputs& inputs) {
  auto names = names_of(inputs.config, inputs.now);
  names.set("streams", expression::value_list(inputs.streams.begin(), inputs.streams.end()));
  return names;
}

caf::expected<std::vector<std::string>> all_written(const std::vector<program>& codes, const expression::context& names,
                                                    std::string_view what) {
  std::vector<std::string> out;
  for (const auto& code : codes) {
    auto text = written_text(code, names, what);
    if (!text)
      return text.error();
    out.push_back(std::move(*text));
  }
  return out;
}

} // namespace

caf::expected<bool> is_enabled(const live_plan& plan, const expression::value& config, instant now) {
  if (!plan.enabled)
    return true;
  auto holds = expression::evaluate_condition(*plan.enabled, names_of(config, now));
  if (!holds)
    return bad_template("x-lode.live.enabled", holds.error());
  return *holds;
}

caf::expected<socket_opening> render_opening(const websocket_settings& settings, const live_inputs& inputs) {
  auto names = names_for(inputs);
  socket_opening out;
  auto url = written_text(settings.url, names, "url of the websocket");
  if (!url)
    return url.error();
  out.url = std::move(*url);
  for (const auto& [name, code] : settings.headers) {
    auto key = written_text(name, names, "header of the websocket");
    if (!key)
      return key.error();
    auto text = written_text(code, names, "header of the websocket");
    if (!text)
      return text.error();
    out.headers.push_back({std::move(*key), std::move(*text)});
  }
  auto subprotocols = all_written(settings.subprotocols, names, "subprotocol");
  if (!subprotocols)
    return subprotocols.error();
  out.subprotocols = std::move(*subprotocols);
  return out;
}

caf::expected<std::vector<std::string>> render_greeting(const websocket_settings& settings, const live_inputs& inputs,
                                                        std::string_view last_event_id) {
  auto names = names_for(inputs);
  bool resumes = !settings.resume.empty() && !last_event_id.empty();
  if (resumes)
    names.set("event_id", last_event_id);
  return all_written(resumes ? settings.resume : settings.subscribe, names, resumes ? "resume" : "subscribe");
}

caf::expected<std::string> render_acknowledge(const websocket_settings& settings, const live_inputs& inputs,
                                              std::string_view event_id) {
  if (!settings.acknowledge)
    return std::string{};
  auto names = names_for(inputs);
  names.set("event_id", event_id);
  return written_text(*settings.acknowledge, names, "acknowledge");
}

caf::expected<std::string> render_heartbeat(const websocket_settings& settings, const live_inputs& inputs) {
  if (!settings.heartbeat || !settings.heartbeat->message)
    return std::string{};
  return written_text(*settings.heartbeat->message, names_for(inputs), "heartbeat");
}

bool is_confirmation(const websocket_settings& settings, std::string_view message, json_document& scratch) {
  return settings.confirmed_by.empty() || (!scratch.parse_shallow(message) && hold_all(settings.confirmed_by, scratch.root(), {}));
}

} // namespace lode

#include "tests/simapi/fault_commands.hpp"

#include "tests/simapi/json_fields.hpp"

#include <map>

namespace simapi {

namespace json = boost::json;

namespace {

/// Refuses names that no tenant or stream has: a fault that can never strike is a mistake in the test.
void check_names(simulation& sim, const fault& made) {
  for (const auto& name : made.tenants)
    need_tenant(sim, name);
  if (made.stream.empty() || made.stream == "oauth" || made.stream == "live")
    return;
  for (auto which : all_dialects)
    for (auto kind : streams_of(which))
      if (name_of(kind) == made.stream)
        return;
  throw command_error(400, "stream: found '" + made.stream + "', expected the name of a stream, oauth or live");
}

/// What belongs to the faults of events.
void read_event_fault(const json_fields& fields, fault& made) {
  constexpr uint32_t largest = 64 << 20;
  made.bytes = std::min(fields.number<uint32_t>("bytes", 2 << 20), largest);
  made.behind = std::max(fields.number<uint32_t>("behind", 1), 1u);
  static const std::map<std::string_view, event_form> forms{{"cut", event_form::cut},
                                                            {"utf8", event_form::bad_utf8},
                                                            {"binary", event_form::binary},
                                                            {"unknown", event_form::unknown_type},
                                                            {"frame", event_form::bad_frame}};
  auto name = fields.text("form").value_or("cut");
  auto found = forms.find(name);
  if (found == forms.end())
    throw command_error(400, "form: found '" + name + "', expected cut, utf8, binary, unknown or frame");
  made.form = static_cast<uint8_t>(found->second);
}

uint32_t usual_delay(fault_kind kind) {
  bool waits = kind == fault_kind::slow_first_byte || kind == fault_kind::event_late || kind == fault_kind::event_reordered;
  return waits ? 1000 : 0;
}

fault read_fault(simulation& sim, const json::object& body) {
  json_fields fields{body, {"tenant", "stream", "kind", "rate", "times", "skip", "retry_after_s", "code", "status", "delay_ms", "at", "to",
                            "bytes", "behind", "form"}};
  fault made;
  auto kind = fault_named(fields.text("kind").value_or(""));
  if (!kind)
    throw command_error(400, "kind: found '" + fields.text("kind").value_or("") + "', expected one of the kinds in PROTOCOL.md");
  made.kind = *kind;
  auto names = fields.texts("tenant");
  made.tenants = {names.begin(), names.end()};
  made.stream = fields.text("stream").value_or("");
  made.rate = fields.number<double>("rate", 1);
  made.times = fields.number<uint64_t>("times", 0);
  made.skip = fields.number<uint64_t>("skip", 0);
  made.retry_after_s = fields.number<uint32_t>("retry_after_s", 1);
  made.code = fields.number<uint32_t>("code", 4);
  made.status = fields.number<uint32_t>("status", 500);
  made.delay_ms = fields.number<uint32_t>("delay_ms", usual_delay(made.kind));
  read_event_fault(fields, made);
  made.in_body = fields.text("at").value_or("head") == "body";
  made.to_first = fields.text("to").value_or("self") == "first";
  check_names(sim, made);
  if (made.tenants.size() == 1)
    made.set_at_serial = need_tenant(sim, *made.tenants.begin()).secrets.serial;
  return made;
}

} // namespace

std::string add_fault(simulation& sim, const json::object& body, int64_t) {
  auto made = read_fault(sim, body);
  // Serials count per tenant, so a fault that expires the tokens of several tenants is kept as one fault each.
  if (made.kind != fault_kind::expired_token || made.tenants.size() == 1)
    return json::serialize(json::object{{"id", sim.faults.add(made)}});
  auto names = made.tenants;
  if (names.empty())
    for (const auto& each : sim.states)
      names.insert(each.data->name);
  uint32_t last = 0;
  for (const auto& name : names) {
    made.tenants = {name};
    made.set_at_serial = need_tenant(sim, name).secrets.serial;
    last = sim.faults.add(made);
  }
  return json::serialize(json::object{{"id", last}});
}

std::string clear_faults(simulation& sim, const json::object& body, int64_t) {
  json_fields fields{body, {"id", "tenant"}};
  if (fields.has("id") && !sim.faults.remove(fields.number<uint32_t>("id", 0)))
    throw command_error(404, "id: found " + json::serialize(body.at("id")) + ", expected one of GET /control/faults");
  if (auto name = fields.text("tenant"))
    sim.faults.remove_tenant(need_tenant(sim, *name).data->name);
  if (body.empty())
    sim.faults.clear();
  return "{}";
}

} // namespace simapi

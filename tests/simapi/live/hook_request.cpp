#include "tests/simapi/live/hook_request.hpp"

#include "tests/simapi/live/signature.hpp"
#include "tests/simapi/simulation.hpp"
#include "tests/simapi/time_text.hpp"

namespace simapi {
namespace {

std::string crm_body(simulation& sim, const outgoing_events& events) {
  std::string body = "[";
  for (const auto& each : events) {
    if (body.size() > 1)
      body += ',';
    sim.live.append_text(body, each.event);
  }
  return body + "]";
}

void sign_for_crm(hook_request& made, const std::string& secret, int64_t now) {
  auto timestamp = std::to_string(now);
  made.headers.emplace_back("X-Crm-Signature", to_hex(hmac_sha256(secret, timestamp + "." + made.body)));
  made.headers.emplace_back("X-Crm-Request-Timestamp", timestamp);
}

void sign_for_shop(hook_request& made, const std::string& secret, const live_event& event, const std::string& shop,
                   const std::string& account) {
  std::string triggered;
  append_milliseconds(triggered, event.at);
  made.headers.emplace_back("X-Shop-Topic", shop_topic(event));
  made.headers.emplace_back("X-Shop-Shop-Domain", shop + ".shop.test");
  made.headers.emplace_back("X-Shop-Event-Id", event_id(account, event.number));
  made.headers.emplace_back("X-Shop-Triggered-At", triggered + "Z");
  made.headers.emplace_back("X-Shop-Hmac-Sha256", to_base64(hmac_sha256(secret, made.body)));
}

} // namespace

hook_request make_hook_request(simulation& sim, const hook& to, const delivery& what) {
  const auto& whose = sim.states[to.tenant];
  const auto& first = what.events.front();
  auto form = first.form == event_form::bad_frame ? event_form::cut : first.form; // there are no frames here
  hook_request made;
  made.to = to.url;
  made.timeout_ms = to.timeout_ms;
  bool is_crm = whose.data->speaks == dialect::crm;
  if (is_crm)
    made.body = crm_body(sim, what.events);
  else
    sim.live.append_text(made.body, first.event);
  spoil(made.body, form, first.bytes);
  auto secret = form == event_form::bad_signature ? "not the secret" : whose.secrets.client_secret();
  if (is_crm)
    sign_for_crm(made, secret, sim.now());
  else
    sign_for_shop(made, secret, first.event, whose.data->name, sim.live.account_of(to.tenant));
  return made;
}

} // namespace simapi

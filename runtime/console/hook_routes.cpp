#include <utility>

#include "messages/type_ids.hpp"
#include "runtime/console/hook_answers.hpp"
#include "runtime/console/routes.hpp"

namespace lode {

namespace {

webhook_arrived arrived_in(const api_request& request) {
  return {request.method, request.target, request.headers, request.body};
}

caf::expected<api_response> challenge(const api_request& request, api_context& context) {
  auto text = context.services.webhooks->answer_challenge(request.parameter("source"), arrived_in(request));
  if (!text)
    return hook_refusal(text.error());
  api_response out;
  out.content_type = "text/plain";
  out.body = std::move(*text);
  return out;
}

/// Hands the request to all that it may be for, and tells when the last one has said what became of it.
void pass_on(const std::vector<webhook_target>& targets, const webhook_arrived& request, node_control& node,
             const std::shared_ptr<hook_gate>& gate, const api_response::tell& tell) {
  auto verdict = std::make_shared<hook_verdict>(targets.size());
  for (const auto& target : targets) {
    auto done = [verdict, tell](const caf::error& why) {
      if (auto answer = verdict->add(why))
        tell(std::move(*answer));
    };
    auto ticket = gate->enter(target.connection);
    if (!ticket) {
      done(caf::make_error(errc::store_unavailable, "too many webhooks are on their way to this connection"));
      continue;
    }
    node.pass_webhook(target.tenant, {target.connection, request}, [done, ticket](const caf::error& why) { done(why); });
  }
}

caf::expected<api_response> hear(const api_request& request, api_context& context, const std::shared_ptr<hook_gate>& gate) {
  auto arrived = arrived_in(request);
  auto targets = context.services.webhooks->find_targets(request.parameter("source"), arrived);
  if (!targets)
    return hook_refusal(targets.error());
  api_response out;
  out.later = [targets = std::move(*targets), arrived = std::move(arrived), node = context.services.node,
               gate](const api_response::tell& tell) { pass_on(targets, arrived, *node, gate, tell); };
  return out;
}

} // namespace

void add_hook_routes(router& routes) {
  routes.add("GET", "/hooks/{source}", challenge, route_access::hook);
  routes.add(
    "POST", "/hooks/{source}",
    [gate = std::make_shared<hook_gate>()](const api_request& request, api_context& context) { return hear(request, context, gate); },
    route_access::hook);
}

} // namespace lode

#include "examples/webhook/webhook_sink.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <span>

#include "actors/extraction/http_exchange.hpp"
#include "examples/change_json/change_json.hpp"
#include "examples/webhook/signature.hpp"
#include "runtime/extraction/limit_headers.hpp"

namespace lode::examples {

namespace {

using changes = std::span<const delivered_change>;

/// The same whenever the same changes are sent. Without a '.', which separates what is signed.
std::string id_of(const deliver_changes& batch, changes part) {
  return std::to_string(batch.generation) + "-" + to_string(batch.shard) + "-" + std::to_string(part.front().seq) + "-"
         + std::to_string(part.back().seq);
}

std::string body_of(const deliver_changes& batch, changes part) {
  std::string text = R"({"type":"lode.changes","timestamp":")" + time_text(part.back().committed)
                     + R"(","data":{"generation":)" + std::to_string(batch.generation) + R"(,"shard":)"
                     + to_string(batch.shard) + R"(,"changes":[)";
  for (const auto& change : part)
    text += (&change == part.data() ? "{" : ",{") + members_of(change) + "}";
  return text + "]}}";
}

/// Why a response is no acknowledgement; none if it is one.
caf::error refusal_in(const http_response& response, const std::string& url) {
  const auto status = response.status;
  const auto said = "answered " + std::to_string(status);
  if (response.final_url != url || (status >= 300 && status < 400))
    return caf::make_error(errc::rejected, "leads elsewhere by a redirect: put the URL of that place");
  if (status >= 200 && status < 300)
    return {};
  if (status == 410)
    return caf::make_error(errc::rejected, said + " (Gone): it wants no more changes; remove the sink, or pause it");
  if (status == 429 || status == 503)
    return caf::make_error(errc::rate_limited, said + ": it wants them later");
  if (status >= 500 || status == 408)
    return caf::make_error(errc::server_failed, said);
  return caf::make_error(errc::rejected, said + ": it refuses the request; the changes wait until it takes them");
}

} // namespace

sink_spawner make_webhook_sink(const sink_request& request) {
  return [settings = read_webhook_sink_settings(request.settings)](caf::actor_system& system,
                                                                   const sink_job& job) -> sink_actor {
    return system.spawn<webhook_sink>(settings, job.http);
  };
}

webhook_sink_state::webhook_sink_state(webhook_actor::pointer self, webhook_sink_settings settings, http_client* http)
    : self(self), settings(std::move(settings)), http(http) {}

webhook_sink_state::~webhook_sink_state() {
  for (const auto& [shard, each] : deliveries)
    http->cancel(each.in_flight);
}

webhook_actor::behavior_type webhook_sink_state::make_behavior() {
  return {
    [this](deliver_changes& batch) { return deliver(std::move(batch)); },
    [this](const response_arrived& msg) {
      const auto found =
        std::ranges::find(deliveries, msg.generation, [](const auto& entry) { return entry.second.turn; });
      if (found != deliveries.end())
        judge(found->second, msg.exchange->result);
    },
  };
}

caf::result<size_t> webhook_sink_state::deliver(deliver_changes batch) {
  if (const auto earlier = deliveries.find(batch.shard);
      earlier != deliveries.end()) { // whoever asked has stopped waiting
    http->cancel(earlier->second.in_flight);
    finish(earlier->second, caf::make_error(errc::stale_version, "the changes of this shard were asked for again"));
  }
  const auto now = self->clock().now();
  if (now < quiet_until)
    return caf::make_error(errc::rate_limited, settings.receiver + ": asked to be left alone for a while");
  auto answer = self->make_response_promise<size_t>();
  const auto shard = batch.shard;
  auto& mine = deliveries[shard];
  mine = {std::move(batch), answer, now};
  go_on(mine);
  return answer;
}

std::chrono::milliseconds webhook_sink_state::time_left(const delivery& each) const {
  return std::chrono::ceil<std::chrono::milliseconds>(longest_delivery - (self->clock().now() - each.since));
}

void webhook_sink_state::go_on(delivery& each) {
  const bool is_all = each.next == each.batch.changes.size();
  const bool is_late =
    each.end > 0 && time_left(each) < std::min<std::chrono::milliseconds>(settings.timeout, worth_a_request);
  if (is_all || is_late)
    finish(each, {});
  else
    post(each);
}

void webhook_sink_state::post(delivery& each) {
  const auto& all = each.batch.changes;
  each.end = std::min(each.next + settings.batch, all.size());
  const auto part = changes{all}.subspan(each.next, each.end - each.next);
  const auto id = id_of(each.batch, part);
  const auto timestamp = std::to_string(
    std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()).time_since_epoch().count());
  http_request request{"POST", settings.url, settings.headers, body_of(each.batch, part)};
  request.timeouts.total = std::min(settings.timeout, time_left(each));
  request.headers.insert(request.headers.end(),
                         {{"content-type", "application/json"},
                          {"webhook-id", id},
                          {"webhook-timestamp", timestamp},
                          {"webhook-signature", standard_signature(settings.keys, id, timestamp, request.body)}});
  each.turn = ++turns;
  each.in_flight =
    http->start(std::move(request), [me = caf::weak_actor_ptr{self->ctrl()}, turn = each.turn](http_result result) {
      if (auto sink = me.lock())
        caf::anon_send(caf::actor_cast<webhook_actor>(sink),
                       response_arrived{turn, std::make_shared<const http_exchange>(http_exchange{std::move(result)})});
    });
}

void webhook_sink_state::judge(delivery& each, const http_result& result) {
  constexpr std::chrono::milliseconds longest_wait{std::chrono::hours{1}};
  const auto* response = std::get_if<http_response>(&result);
  if (!response)
    return finish(each, caf::make_error(errc::unreachable, std::get<http_error>(result).message));
  const auto why = refusal_in(*response, settings.url);
  if (!why) {
    each.next = each.end;
    return go_on(each);
  }
  const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  if (const auto wait = wait_asked({}, response->headers, now); wait && why != errc::rejected)
    quiet_until = self->clock().now() + std::min(*wait, longest_wait);
  finish(each, why);
}

void webhook_sink_state::finish(delivery& each, const caf::error& why) {
  const auto shard = each.batch.shard;
  if (each.next > 0)
    each.answer.deliver(each.next);
  else
    each.answer.deliver(caf::make_error(static_cast<errc>(why.code()), settings.receiver + ": " + message_of(why)));
  deliveries.erase(shard);
}

} // namespace lode::examples

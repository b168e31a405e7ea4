#include "runtime/console/handler_calls.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "messages/type_ids.hpp"
#include "runtime/console/at_end.hpp"
#include "runtime/console/audit_trail.hpp"
#include "runtime/console/hook_answers.hpp"

namespace lode {

namespace asio = boost::asio;

namespace {

asio::awaitable<api_response> answer_with_stores(session_parts& parts, const route& to, const api_request& request) {
  lent_stores stores{parts};
  api_context context{*stores, parts.services};
  audit_line line{context, parts.access.has_token(), request};
  auto answer = call(to, request, context);
  line.ended(answer.status);
  co_return answer;
}

asio::awaitable<feed_watch::positions> read_ends(session_parts& parts, std::vector<shard_id> shards) {
  lent_stores stores{parts};
  auto ends = (*stores).catalog->feed_ends(shards);
  if (!ends)
    co_return std::nullopt;
  co_return std::move(*ends);
}

void answer_by_hook_worker(session_parts& parts, const route& to, const api_request& request, const api_response::tell& tell) {
  auto response = answer_here(parts, to, request);
  if (response.later)
    response.later(tell);
  else
    tell(std::move(response));
}

} // namespace

lent_stores::lent_stores(session_parts& parts) : parts_(parts) {
  std::scoped_lock lock{parts_.guard};
  stores_ = std::move(parts_.free_stores.back());
  parts_.free_stores.pop_back();
}

lent_stores::~lent_stores() {
  std::scoped_lock lock{parts_.guard};
  parts_.free_stores.push_back(std::move(stores_));
}

log_context context_of(const std::map<std::string, std::string>& named) {
  auto value = [&](const std::string& name) {
    auto found = named.find(name);
    return found == named.end() ? std::string_view{} : std::string_view{found->second};
  };
  return {.tenant = value("tenant"), .connection = value("connection"), .stream = value("stream")};
}

api_response call(const route& to, const api_request& request, api_context& context) {
  try {
    auto answer = to.handle(request, context);
    if (!answer)
      return error_response(answer.error());
    answer->named = request.parameters;
    return std::move(*answer);
  } catch (const std::exception& e) {
    log_error("answering " + to.method + " " + to.pattern + ": " + e.what(), context_of(request.parameters));
    return error_response(500, "internal", "a defect in answering this request; see the node's log");
  }
}

api_response answer_here(session_parts& parts, const route& to, const api_request& request) {
  console_stores none;
  api_context context{none, parts.services};
  return call(to, request, context);
}

asio::awaitable<api_response> answer_by_worker(session_parts& parts, const route& to, const api_request& request) {
  co_return co_await asio::co_spawn(parts.workers, answer_with_stores(parts, to, request), asio::use_awaitable);
}

asio::awaitable<feed_watch::positions> look_at_feeds(session_parts& parts, std::vector<shard_id> shards) {
  co_return co_await asio::co_spawn(parts.workers, read_ends(parts, std::move(shards)), asio::use_awaitable);
}

asio::awaitable<api_response> answer_hook(session_parts& parts, const route& to, api_request request) {
  if (!parts.services.webhooks)
    co_return hook_refusal(caf::make_error(errc::not_found, "this node hears no webhooks"));
  if (parts.open_hooks >= max_open_hooks)
    co_return hook_refusal(caf::make_error(errc::store_unavailable, "too many webhooks are on their way"));
  ++parts.open_hooks;
  at_end leave{[&parts] { --parts.open_hooks; }};
  const auto until = late_answers::clock::now() + parts.services.webhook_deadline;
  auto start = [&parts, &to, until, request = std::make_shared<const api_request>(std::move(request))](const api_response::tell& tell) {
    // The session may be gone when its turn comes: only what outlives it is taken along.
    asio::post(parts.hook_worker, [&parts, &to, until, request, tell] {
      if (late_answers::clock::now() < until)
        answer_by_hook_worker(parts, to, *request, tell);
    });
  };
  auto answer = co_await parts.late->wait(start, until);
  if (answer)
    co_return std::move(*answer);
  co_return hook_refusal(caf::make_error(errc::store_unavailable, "it was not committed in time; sent again it does no harm"));
}

} // namespace lode

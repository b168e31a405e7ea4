#include "actors/extraction/credential_keeper.hpp"

#include <caf/all.hpp>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/http_exchange.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/extraction/request_builder.hpp"

namespace lode {

namespace {

/// A token is not handed out when it would expire on its way.
constexpr auto margin = std::chrono::seconds{5};

/// `root` with the text at `path` replaced; maps on the way are made.
expression::value with_text(const expression::value& root, std::span<const std::string> path, const std::string& text) {
  if (path.empty())
    return expression::value{text};
  expression::value_map map;
  if (root.is(expression::kind::map))
    map = root.map();
  const auto* inner = map.find(path.front());
  map.set(path.front(), with_text(inner ? *inner : expression::value{}, path.subspan(1), text));
  return expression::value{std::move(map)};
}

} // namespace

credential_keeper_state::credential_keeper_state(credential_keeper_actor::pointer self, services_pointer services,
                                                 connection_pointer connection, uint32_t stream)
  : self(self), services(std::move(services)), connection(std::move(connection)), stream(stream) {}

credential_keeper_actor::behavior_type credential_keeper_state::make_behavior() {
  return {
    [this](const ask_access_token& ask) -> caf::result<access_token> {
      if (!ask.rejected.empty() && ask.rejected == token)
        token.clear();
      if (is_valid())
        return access_token{token};
      auto result = self->make_response_promise<access_token>();
      waiting.push_back(result);
      if (!std::exchange(is_refreshing, true))
        refresh();
      return result;
    },
    [this](const response_arrived& msg) { arrived(*msg.exchange); },
  };
}

const oauth_auth& credential_keeper_state::plan() const {
  return std::get<oauth_auth>(connection->stream(stream).requester.authenticator);
}

bool credential_keeper_state::is_valid() const {
  return !token.empty() && (!expires || services->now() + margin < *expires);
}

void credential_keeper_state::refresh() {
  auto request = build_token_request(plan(), connection->config, services->now());
  if (!request)
    return fail(request.error());
  auto client = caf::weak_actor_ptr{self->ctrl()};
  services->http->start(std::move(*request), [client](http_result result) {
    if (auto keeper = client.lock())
      caf::anon_send(caf::actor_cast<credential_keeper_actor>(keeper),
                     response_arrived{0, std::make_shared<const http_exchange>(http_exchange{std::move(result)})});
  });
}

void credential_keeper_state::arrived(const http_exchange& exchange) {
  if (const auto* error = exchange.error())
    return fail(caf::make_error(errc::unreachable, connection->path_of(stream) + ": token refresh: " + error->message));
  auto grant = read_token_response(plan(), *exchange.response(), services->now());
  if (!grant)
    return fail(caf::make_error(static_cast<errc>(grant.error().code()),
                                connection->path_of(stream) + ": token refresh: " + message_of(grant.error())));
  token = std::move(grant->access_token);
  expires = grant->expires;
  if (grant->refresh_token.empty() || !plan().updater)
    return answer();
  store_successor(std::move(grant->refresh_token));
}

void credential_keeper_state::store_successor(std::string refresh_token) {
  const auto& path = plan().updater->refresh_token_path;
  auto secrets = expression::parse_json(connection->secrets.empty() ? "{}" : connection->secrets);
  auto changed = std::make_shared<connection_context>(*connection);
  changed->config = with_text(connection->config, path, refresh_token);
  auto text = expression::to_json(with_text(secrets ? *secrets : expression::value{}, path, refresh_token));
  if (!text)
    return fail(caf::make_error(errc::internal, connection->path_of(stream) + ": secrets cannot be written as JSON"));
  changed->secrets = *text;
  connection = std::move(changed);
  self->request(services->keeper, caf::infinite, store_secrets{connection->connection, *text})
    .then([this] { answer(); },
          [this, refresh_token](const caf::error& why) {
            if (why != errc::store_unavailable)
              return fail(why);
            self->run_delayed(std::chrono::seconds{1}, [this, refresh_token] { store_successor(refresh_token); });
          });
}

void credential_keeper_state::answer() {
  is_refreshing = false;
  for (auto& promise : std::exchange(waiting, {}))
    promise.deliver(access_token{token});
}

void credential_keeper_state::fail(const caf::error& why) {
  is_refreshing = false;
  token.clear();
  for (auto& promise : std::exchange(waiting, {}))
    promise.deliver(why);
}

} // namespace lode

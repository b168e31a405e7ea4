#include "actors/extraction/credential_keeper.hpp"

#include <caf/all.hpp>

#include "actors/extraction/call_report.hpp"
#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/http_exchange.hpp"
#include "messages/fault_point.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/extraction/request_builder.hpp"
#include "runtime/security/fingerprint.hpp"

namespace lode {

namespace {

/// A token is not handed out when it would expire on its way.
constexpr auto margin = std::chrono::seconds{5};
constexpr auto store_retry = std::chrono::seconds{1};
constexpr uint32_t max_reloads = 3;

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
    : self(self), services(std::move(services)), connection(std::move(connection)), stream(stream) {
  work_line line{worker::credential_keeper, this->connection->tenant, this->connection->connection, this->connection->connection_name};
  line.actor = self->id();
  shown = enter(this->services->board, std::move(line));
  shown.does(doing::waits);
}

credential_keeper_actor::behavior_type credential_keeper_state::make_behavior() {
  self->set_exit_handler([this](caf::exit_msg& exit) {
    leaving = std::move(exit.reason);
    if (!busy)
      self->quit(*leaving);
  });
  return {
    [this](const ask_access_token& ask) -> caf::result<access_token> {
      if (!ask.rejected.empty() && ask.rejected == access)
        access.clear();
      if (is_valid())
        return access_token{access};
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
  return !access.empty() && (!expires || services->now() + margin < *expires);
}

// -- a refresh ----------------------------------------------------------------------------------------------------------

void credential_keeper_state::refresh() {
  if (!services->may_send())
    return wait_for_lease();
  lease_wait.reset();
  shown.does(doing::refreshing);
  auto request = build_token_request(plan(), connection->config, services->now());
  if (!request)
    return fail(request.error());
  if (is_single_use())
    return begin(std::move(*request));
  send(std::move(*request));
}

void credential_keeper_state::begin(http_request request) {
  auto text = refresh_token_of(plan(), connection->config, services->now());
  if (!text)
    return fail(text.error());
  busy = caf::strong_actor_ptr{self->ctrl()};
  token = {connection->connection, connection->claim, connection->sealed_secrets, fingerprint(*text)};
  self->request(services->keeper, caf::infinite, begin_refresh{token})
    .then(
      [this, request](const refresh_begun& begun) {
        LODE_DIE_AT("credentials.after_begun");
        reloads = 0;
        unknown = begun.unknown;
        if (!services->may_send()) // it took too long to begin
          return settle(true, [this] { wait_for_lease(); });
        send(request);
      },
      [this](const caf::error& why) { not_begun(why); });
}

void credential_keeper_state::not_begun(const caf::error& why) {
  if (why == errc::stale_version && reloads++ < max_reloads)
    return reload();
  if (why == errc::unauthorized)
    return fail(
      told(errc::unauthorized,
           "two refreshes were begun with the same single-use refresh token and neither was answered (the node "
           "or its connection broke), so the provider has probably replaced it; authorise the connection "
           "again"));
  fail(why);
}

/// Somebody else has stored a successor, or a person new secrets.
void credential_keeper_state::reload() {
  self->request(services->keeper, caf::infinite, load_connection{connection->connection})
    .then(
      [this](connection_pointer& loaded) {
        if (loaded->plan->hash != connection->plan->hash)
          return fail(caf::make_error(errc::stale_version, connection->path_of(stream) + ": the source has changed"));
        connection = std::move(loaded);
        refresh();
      },
      [this](const caf::error& why) { fail(why); });
}

void credential_keeper_state::wait_for_lease() {
  busy = nullptr;
  if (leaving)
    return self->quit(*leaving);
  if (!lease_wait)
    lease_wait.emplace(services->waiting_for_lease);
  self->run_delayed(mining_services::lease_retry, [this] { refresh(); });
}

void credential_keeper_state::send(http_request request) {
  auto client = caf::weak_actor_ptr{self->ctrl()};
  services->http->start(std::move(request), [client](http_result result) {
    if (auto keeper = client.lock())
      caf::anon_send(caf::actor_cast<credential_keeper_actor>(keeper),
                     response_arrived{0, std::make_shared<const http_exchange>(http_exchange{std::move(result)})});
  });
}

void credential_keeper_state::arrived(const http_exchange& exchange) {
  LODE_DIE_AT("credentials.before_store");
  if (const auto* error = exchange.error()) {
    report_call(error->message, exchange);
    return settle(!may_have_arrived(error->kind),
                  [this, why = told(errc::unreachable, "token refresh: " + error->message)] { fail(why); });
  }
  auto grant = read_token_response(plan(), *exchange.response(), services->now());
  if (!grant) {
    report_call(message_of(grant.error()), exchange);
    return refused(static_cast<errc>(grant.error().code()), "token refresh: " + message_of(grant.error()));
  }
  access = std::move(grant->access_token);
  expires = grant->expires;
  granted(std::move(grant->refresh_token));
}

void credential_keeper_state::granted(std::string refresh_token) {
  if (!is_single_use())
    return answer();
  auto sent = refresh_token_of(plan(), connection->config, services->now());
  if (!refresh_token.empty() && (!sent || *sent != refresh_token))
    return store_successor(refresh_token);
  // Not every provider replaces the token each time. That it is still good proves that no earlier refresh used it up: stored as its
  // own successor, nothing is begun with it any more.
  if (sent && unknown > 0)
    return store_successor(*sent);
  settle(true, [this] { answer(); });
}

void credential_keeper_state::refused(errc code, const std::string& why) {
  // An answer that cannot be read may have held the successor.
  auto is_unused = code != errc::bad_response;
  if (code != errc::unauthorized || unknown == 0)
    return settle(is_unused, [this, error = told(code, why)] { fail(error); });
  auto whole = why
               + ". An earlier refresh with the same single-use refresh token was never answered (the node or its "
                 "connection broke), so the provider has probably replaced it then";
  settle(false, [this, error = told(code, whole)] { fail(error); });
}

void credential_keeper_state::store_successor(const std::string& refresh_token) {
  const auto& path = plan().updater->refresh_token_path;
  auto secrets = expression::parse_json(connection->secrets.empty() ? "{}" : connection->secrets);
  auto changed = std::make_shared<connection_context>(*connection);
  changed->config = with_text(connection->config, path, refresh_token);
  auto text = expression::to_json(with_text(secrets ? *secrets : expression::value{}, path, refresh_token));
  if (!text)
    return fail(told(errc::internal, "secrets cannot be written as JSON"));
  changed->secrets = *text;
  self->request(services->keeper, caf::infinite, store_secrets{token, *text})
    .then(
      [this, changed](secrets_stored& stored) {
        changed->sealed_secrets = std::move(stored.sealed);
        connection = changed;
        answer();
      },
      [this, refresh_token](const caf::error& why) {
        if (why != errc::store_unavailable)
          return fail(why);
        self->run_delayed(store_retry, [this, refresh_token] { store_successor(refresh_token); });
      });
}

void credential_keeper_state::settle(bool is_token_unused, std::function<void()> then) {
  if (!busy)
    return then();
  self->request(services->keeper, caf::infinite, end_refresh{token, is_token_unused})
    .then([then] { then(); },
          [this, is_token_unused, then](const caf::error& why) {
            if (why != errc::store_unavailable)
              return then();
            self->run_delayed(store_retry, [this, is_token_unused, then] { settle(is_token_unused, then); });
          });
}

// -- its end ------------------------------------------------------------------------------------------------------------

void credential_keeper_state::answer() {
  for (auto& promise : std::exchange(waiting, {}))
    promise.deliver(access_token{access});
  rest();
}

void credential_keeper_state::fail(const caf::error& why) {
  access.clear();
  for (auto& promise : std::exchange(waiting, {}))
    promise.deliver(why);
  rest();
}

void credential_keeper_state::rest() {
  is_refreshing = false;
  shown.does(doing::waits);
  busy = nullptr;
  if (leaving)
    self->quit(*leaving);
}

void credential_keeper_state::report_call(const std::string& why, const http_exchange& exchange) const {
  if (!services->errors || !services->errors->has_room())
    return;
  auto request = build_token_request(plan(), connection->config, services->now());
  failed_call call{*connection};
  call.stream = connection->streams[stream];
  call.at = services->now();
  call.text = "token refresh: " + why;
  call.request = request ? &*request : nullptr;
  call.response = exchange.response();
  call.secrets = {access};
  call.shows_body = call.response && call.response->status >= 400; // an answer that cannot be read may hold a token
  services->errors->add(described(call));
}

/// With the connection's path, and for a person what to do.
caf::error credential_keeper_state::told(errc code, const std::string& why) const {
  auto text = connection->path_of(stream) + ": " + why;
  auto names = connection->tenant_name + " " + connection->connection_name;
  if (code == errc::unauthorized)
    text += ". New secrets go in with `lode connection secrets " + names + " FILE`; `lode connection resume " + names
            + "` tries the old ones again";
  return caf::make_error(code, text);
}

} // namespace lode

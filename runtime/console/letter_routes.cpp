#include <boost/json.hpp>

#include <charconv>
#include <future>

#include "messages/type_ids.hpp"
#include "runtime/console/lookup.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/console/routes.hpp"
#include "runtime/console/standing_view.hpp"
#include "runtime/security/redact.hpp"

namespace lode {

namespace {

namespace json = boost::json;

/// So long a person waits for a record to be read again; it goes on without him.
constexpr std::chrono::seconds replay_patience{20};

json::object shown(const listed_letter& each) {
  return {{"id", each.letter.id},
          {"tenant", each.tenant},
          {"connection", each.connection},
          {"stream", each.stream},
          {"run", each.letter.run.value},
          {"first_seen", format_time(each.letter.first_seen)},
          {"last_seen", format_time(each.letter.last_seen)},
          {"times", each.letter.times},
          {"key", each.letter.key},
          {"reason", redact(each.letter.reason)},
          {"payload", redact(each.letter.payload)}};
}

/// Of all tenants, in the order of their numbers.
caf::expected<api_response> list(const api_request& request, api_context& context) {
  auto limit = request.query_number("limit", 100, 1'000);
  auto after = request.query_number("after", 0, INT64_MAX);
  if (!limit || !after)
    return !limit ? limit.error() : after.error();
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  auto letters = (*store)->list_dead_letters(static_cast<int64_t>(*after), *limit);
  if (!letters)
    return letters.error();
  json::array items;
  for (const auto& each : *letters)
    items.push_back(shown(each));
  const bool is_full = letters->size() == *limit;
  return json_response({{"dead_letters", std::move(items)}, {"next", is_full ? json::value(letters->back().letter.id) : nullptr}});
}

/// Answers when the record is committed, or known to be of no use still.
caf::expected<api_response> replay(const api_request& request, api_context& context) {
  const auto& text = request.parameter("letter");
  int64_t id = 0;
  auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (wrong != std::errc{} || end != text.data() + text.size())
    return caf::make_error(errc::bad_argument, "dead letter: found \"" + text + "\", expected its number");
  auto store = inspection_of(context);
  if (!store)
    return store.error();
  auto letter = (*store)->load_dead_letter(id);
  if (!letter)
    return letter.error();
  auto done = std::make_shared<std::promise<caf::error>>();
  auto outcome = done->get_future();
  context.services.node->replay(letter->tenant_number, request.command, {letter->letter.connection, id},
                                [done](const caf::error& failed) { done->set_value(failed); });
  if (outcome.wait_for(replay_patience) != std::future_status::ready)
    return caf::make_error(errc::unknown_outcome, "the record is still being read; ask for the dead letters again");
  const auto failed = outcome.get();
  if (!failed)
    return json_response(json::object{});
  if (has_code(failed, errc::bad_argument))
    return error_response(422, "bad_argument", message_of(failed));
  return failed;
}

} // namespace

void add_letter_routes(router& routes) {
  routes.add("GET", "/api/v1/dead-letters", list);
  routes.add("POST", "/api/v1/dead-letters/{letter}/replay", replay);
}

} // namespace lode

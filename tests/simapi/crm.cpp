// The crm dialect: search with `after`, a result window, a daily quota, OAuth2 with refresh.
#include "tests/simapi/dialects.hpp"

#include "tests/simapi/time_text.hpp"

#include <boost/json.hpp>
#include <limits>

namespace simapi {
namespace {

namespace json = boost::json;

constexpr auto last_number = std::numeric_limits<uint64_t>::max();

answer crm_error(uint16_t status, std::string_view category, std::string_view message, std::string_view detail = {}) {
  std::string body = R"({"status":"error","message":")" + json_escape(message)
                     + R"(","correlationId":"00000000-0000-0000-0000-000000000000","category":")" + std::string{category} + '"';
  if (!detail.empty())
    body += R"(,"subCategory":")" + std::string{detail} + '"';
  return plain_answer(status, body + "}");
}

answer daily_limit() {
  return plain_answer(429, R"({"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT","policyName":"DAILY",)"
                           R"("category":"RATE_LIMITS"})");
}

/// The search that a request asks for, wherever it stands.
struct search {
  std::optional<std::string> limit, after, from, to;
};

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string{value.get_string()} : json::serialize(value);
}

void take_filter(search& out, const json::object& filter) {
  auto text = [&](const char* name) {
    const auto* value = filter.if_contains(name);
    return value ? text_of(*value) : std::string{};
  };
  auto property = text("propertyName");
  if (property != "updated_at" && property != "updatedAt" && property != "lastmodifieddate")
    throw std::invalid_argument("cannot filter by '" + property + "', only by updatedAt");
  auto what = text("operator");
  if (what == "GTE" || what == "BETWEEN")
    out.from = text("value");
  if (what == "LTE")
    out.to = text("value");
  if (what == "BETWEEN")
    out.to = text("highValue");
  if (what != "GTE" && what != "LTE" && what != "BETWEEN")
    throw std::invalid_argument("operator '" + what + "' is not one of GTE, LTE, BETWEEN");
}

/// Throws an exception with a message if the body is no search.
search read_body(const std::string& body) {
  search result;
  if (body.empty())
    return result;
  auto parsed = json::parse(body);
  const auto& fields = parsed.as_object();
  auto take = [&](const char* name, std::optional<std::string>& to) {
    if (const auto* value = fields.if_contains(name); value && !value->is_null())
      to = text_of(*value);
  };
  take("limit", result.limit);
  take("after", result.after);
  take("updated_from", result.from);
  take("updated_to", result.to);
  if (const auto* groups = fields.if_contains("filterGroups"))
    for (const auto& group : groups->as_array())
      for (const auto& filter : group.as_object().at("filters").as_array())
        take_filter(result, filter.as_object());
  return result;
}

search read_query(const request& ask) {
  search result;
  auto take = [&](const char* name, std::optional<std::string>& to) {
    if (const auto* value = ask.query.find(name))
      to = *value;
  };
  take("limit", result.limit);
  take("after", result.after);
  take("updated_from", result.from);
  take("updated_to", result.to);
  return result;
}

void take_window(call& what, const search& asked) {
  what.range = {{std::numeric_limits<int64_t>::min(), 0}, {std::numeric_limits<int64_t>::max(), last_number}};
  auto take = [&](const char* name, const std::optional<std::string>& text, int64_t& bound) {
    if (!text || text->empty())
      return;
    if (auto time = parse_time(*text, 1))
      bound = *time;
    else
      what.refusal = crm_error(400, "VALIDATION_ERROR", std::string{name} + ": '" + *text + "' is not a time");
    what.page += std::string{"|"} + name + '=' + *text;
  };
  take("updated_from", asked.from, what.range.lower.major);
  take("updated_to", asked.to, what.range.upper.major);
}

void read_search(simulation& sim, call& what, const request& ask) {
  what.from = what.who->data->find(stream_kind::contacts);
  what.stream_name = "contacts";
  what.page = "contacts";
  search asked;
  try {
    asked = ask.post ? read_body(ask.body) : read_query(ask);
  } catch (const std::exception& error) {
    what.refusal = crm_error(400, "VALIDATION_ERROR", std::string{"Invalid input JSON: "} + error.what());
  }
  take_window(what, asked);
  auto limit = read_limit(asked.limit ? &*asked.limit : nullptr, 10);
  if (!limit || *limit > 200)
    what.refusal = crm_error(400, "VALIDATION_ERROR", "limit must be a number from 1 to 200");
  what.range.limit = std::min(limit.value_or(1), 200u);
  take_token(sim, what, asked.after ? &*asked.after : nullptr);
}

answer refresh(simulation& sim, call& what, const request& ask, const fault* spoiled) {
  parameters form{ask.body};
  auto is = [&](const char* name, const std::string& expected) {
    const auto* given = form.find(name);
    return given && *given == expected;
  };
  auto refuse = [](std::string_view status, std::string_view message) {
    return plain_answer(400, R"({"status":")" + std::string{status} + R"(","message":")" + std::string{message} + "\"}");
  };
  if (!is("grant_type", "refresh_token"))
    return refuse("BAD_GRANT_TYPE", "grant_type must be refresh_token");
  auto& secrets = what.who->secrets;
  if (!is("client_id", secrets.client_id()) || !is("client_secret", secrets.client_secret()))
    return refuse("BAD_CLIENT", "missing or invalid client id or client secret");
  if (!is("refresh_token", secrets.refresh_token()) || (spoiled && spoiled->kind == fault_kind::dead_token))
    return refuse("BAD_REFRESH_TOKEN", "missing or invalid refresh token");
  ++secrets.serial;
  ++what.who->count.refreshes;
  if (what.who->allowed.crm_rotate_refresh_tokens)
    ++secrets.rotation;
  sim.remember_serial(*what.who);
  return plain_answer(200, R"({"token_type":"bearer","access_token":")" + secrets.access_token(sim.now()) + R"(","refresh_token":")"
                             + secrets.refresh_token() + R"(","expires_in":)"
                             + std::to_string(what.who->allowed.crm_token_lifetime_s) + "}");
}

std::optional<answer> check_token(simulation& sim, const call& what, const request& ask, const fault* spoiled) {
  auto token = read_access_token(sim.config.seed, ask.bearer);
  if (!token || token->generation != what.who->secrets.generation || (spoiled && spoiled->kind == fault_kind::dead_token))
    return crm_error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or not valid.");
  auto age = sim.now() - token->issued_at;
  if (age >= int64_t{what.who->allowed.crm_token_lifetime_s} * 1000 || (spoiled && spoiled->kind == fault_kind::expired_token))
    return crm_error(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired.");
  return {};
}

std::string next_link(const simulation& sim, const call& what, const request& ask, const std::string& next) {
  std::string link = (sim.config.tls_key.empty() ? "http://" : "https://") + ask.host + ask.path + "?limit="
                     + std::to_string(what.range.limit);
  for (auto name : {"updated_from", "updated_to"})
    if (const auto* value = ask.query.find(name))
      link += std::string{"&"} + name + '=' + percent_encode(*value);
  return json_escape(link + "&after=" + next);
}

answer show(simulation& sim, call& what, const request& ask, const fault* spoiled) {
  auto page = cut(sim, what, spoiled);
  answer made;
  made.prefix = R"({"total":)" + std::to_string(page.selection.total) + R"(,"results":[)";
  made.block = page.block;
  made.suffix = "]";
  if (!page.next.empty())
    made.suffix += R"(,"paging":{"next":{"after":")" + page.next + R"(","link":")" + next_link(sim, what, ask, page.next) + "\"}}";
  made.suffix += '}';
  return made;
}

answer respond_to_search(simulation& sim, call& what, const request& ask, const fault* spoiled) {
  if (what.refusal)
    return *what.refusal;
  if (what.one) {
    answer made;
    made.block = show_one(sim, what);
    return made;
  }
  if (auto state = judge_token(sim, what, spoiled); state != token_state::good)
    return state == token_state::expired
             ? crm_error(400, "VALIDATION_ERROR", "The 'after' token has expired.", "PAGING.AFTER_EXPIRED")
             : crm_error(400, "VALIDATION_ERROR", "The 'after' token is not valid.", "PAGING.AFTER_INVALID");
  auto window = what.who->allowed.crm_result_window;
  if (what.token && window > 0 && what.token->results >= window)
    return crm_error(400, "VALIDATION_ERROR",
                     "A search gives at most " + std::to_string(window) + " results, this page begins at "
                       + std::to_string(what.token->results) + ". Narrow updated_from and updated_to.",
                     "SEARCH.RESULT_WINDOW");
  return show(sim, what, ask, spoiled);
}

} // namespace

call parse_crm(simulation& sim, const request& ask) {
  call what;
  bool token_endpoint = ask.post && ask.path == "/oauth/v1/token";
  constexpr std::string_view base = "/crm/v3/objects/contacts/";
  bool listing = ask.path == "/crm/v3/objects/contacts/search" || (!ask.post && ask.path == "/crm/v3/objects/contacts");
  bool by_id = !listing && !ask.post && ask.path.starts_with(base);
  std::optional<uint32_t> index;
  if (token_endpoint) {
    const auto client = parameters{ask.body};
    index = tenant_of_client_id(client.find("client_id") ? *client.find("client_id") : "");
    what.stream_name = "oauth";
    what.page = "oauth";
    what.paged_by_token = false;
  } else if (auto token = read_access_token(sim.config.seed, ask.bearer)) {
    index = token->tenant;
    what.access_serial = token->serial;
  }
  if (index && *index < sim.states.size() && sim.states[*index].data->speaks == dialect::crm)
    what.who = &sim.states[*index];
  if (!token_endpoint && !listing && !by_id)
    what.refusal = crm_error(404, "OBJECT_NOT_FOUND", "no such path");
  else if (!what.who)
    what.refusal = token_endpoint
                     ? plain_answer(400, R"({"status":"BAD_CLIENT","message":"missing or invalid client id or client secret"})")
                     : crm_error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or not valid.");
  else if (listing)
    read_search(sim, what, ask);
  else if (by_id && !ask_for_one(sim, what, stream_kind::contacts, ask.path.substr(base.size())))
    what.refusal = crm_error(404, "OBJECT_NOT_FOUND", "resource not found");
  return what;
}

answer respond_crm(simulation& sim, call& what, const request& ask, const fault* spoiled) {
  if (what.stream_name == "oauth")
    return refresh(sim, what, ask, spoiled);
  if (!what.from)
    return *what.refusal;
  if (auto refused = check_token(sim, what, ask, spoiled))
    return *refused;
  uint32_t left = 0;
  bool granted = what.who->used.take_daily(what.who->allowed, sim.now(), left);
  bool limited = !granted || (spoiled && spoiled->kind == fault_kind::rate_limited);
  auto made = limited ? daily_limit() : respond_to_search(sim, what, ask, spoiled);
  if (auto quota = what.who->allowed.crm_daily_quota; quota > 0 || limited)
    made.headers += "X-Crm-RateLimit-Daily: " + std::to_string(quota) + "\r\nX-Crm-RateLimit-Daily-Remaining: "
                    + std::to_string(limited ? 0 : left) + "\r\n";
  return made;
}

} // namespace simapi

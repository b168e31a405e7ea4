// The shop dialect: one host name per tenant, API key, Link header, page-number and offset streams, leaky bucket.
#include "tests/simapi/dialects.hpp"

#include "tests/simapi/time_text.hpp"

#include <charconv>
#include <limits>

namespace simapi {
namespace {

constexpr auto last_number = std::numeric_limits<uint64_t>::max();
constexpr std::string_view domain = ".shop.test";

answer shop_error(uint16_t status, std::string_view message) {
  return plain_answer(status, R"({"errors":")" + json_escape(message) + "\"}");
}

answer bad_parameter(std::string_view name, std::string_view message) {
  return plain_answer(400, R"({"errors":{")" + std::string{name} + R"(":")" + json_escape(message) + "\"}}");
}

answer bucket_full(uint32_t leak, uint32_t retry_after_s) {
  auto made = shop_error(429, "Exceeded " + std::to_string(leak) + " calls per second for api client. Reduce request rates to resume uninterrupted service.");
  made.headers = "Retry-After: " + std::to_string(retry_after_s) + ".0\r\n";
  return made;
}

tenant_state* tenant_of_host(simulation& sim, std::string_view host) {
  host = host.substr(0, host.find(':'));
  if (!host.ends_with(domain))
    return nullptr;
  auto* found = sim.find(std::string{host.substr(0, host.size() - domain.size())});
  return found && found->data->speaks == dialect::shop ? found : nullptr;
}

std::optional<uint64_t> read_number(const std::string* text, uint64_t normal) {
  if (!text)
    return normal;
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  return error == std::errc{} && end == text->data() + text->size() ? std::optional{value} : std::nullopt;
}

/// Bounds of `updated_at`, which is shown in whole seconds, as internal milliseconds. Nothing if the text is no time.
std::optional<int64_t> read_bound(const std::string* text, bool upper) {
  if (!text)
    return upper ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
  auto time = parse_time(*text, 1000);
  if (!time)
    return {};
  return upper ? floor_second(*time) + 999 : floor_second(*time + 999);
}

void read_orders(simulation& sim, call& what, const request& ask) {
  const auto *least = ask.query.find("updated_at_min"), *most = ask.query.find("updated_at_max");
  auto lower = read_bound(least, false), upper = read_bound(most, true);
  if (!lower || !upper)
    what.refusal = bad_parameter(lower ? "updated_at_max" : "updated_at_min", "is not a time");
  what.range.lower = {lower.value_or(0), 0};
  what.range.upper = {upper.value_or(0), last_number};
  // The token carries the window, so that a next link may go without it.
  const auto* token_text = ask.query.find("page_info");
  if (auto token = token_text ? decode(*token_text, token_scope(sim, what)) : std::nullopt) {
    if ((least && token->lower != what.range.lower.major) || (most && token->upper != what.range.upper.major))
      what.refusal = bad_parameter("page_info", "cannot be sent with other bounds than those of its search");
    what.range.lower.major = token->lower;
    what.range.upper.major = token->upper;
  }
  auto show = [&](const char* name, int64_t bound, int64_t open) {
    if (bound != open)
      what.page += std::string{"|"} + name + '=' + std::to_string(bound);
  };
  show("min", what.range.lower.major, std::numeric_limits<int64_t>::min());
  show("max", what.range.upper.major, std::numeric_limits<int64_t>::max());
  take_token(sim, what, token_text);
}

/// products: `page`; customers: `offset`.
void read_position(call& what, const request& ask) {
  bool by_page = what.from->kind == stream_kind::products;
  what.paged_by_token = false;
  what.range.lower = {0, 0};
  what.range.upper = {0, last_number};
  what.range.descending = !by_page;
  auto position = by_page ? read_number(ask.query.find("page"), 1) : read_number(ask.query.find("offset"), 0);
  if (!position || (by_page && *position == 0))
    what.refusal = by_page ? bad_parameter("page", "must be a number of at least 1") : bad_parameter("offset", "must be a number");
  auto place = position.value_or(1);
  what.range.offset = by_page ? (place > 0 ? place - 1 : 0) * what.range.limit : place;
  what.page += (by_page ? "|page=" : "|offset=") + std::to_string(place) + "|limit=" + std::to_string(what.range.limit);
}

std::string link_header(const simulation& sim, const call& what, const request& ask, const cut_page& page) {
  std::string base = (sim.config.tls_key.empty() ? "<http://" : "<https://") + ask.host + ask.path + "?limit="
                     + std::to_string(what.range.limit);
  std::string links;
  if (what.token)
    links = base + ">; rel=\"previous\"";
  if (!page.next.empty())
    links += (links.empty() ? "" : ", ") + base + "&page_info=" + page.next + ">; rel=\"next\"";
  return links.empty() ? links : "Link: " + links + "\r\n";
}

/// `{"order":{...}}`: by its id a record stands under the stream's name in the singular.
answer show_by_id(simulation& sim, const call& what) {
  answer made;
  made.prefix = "{\"" + std::string{what.stream_name.substr(0, what.stream_name.size() - 1)} + "\":";
  made.block = show_one(sim, what);
  made.suffix = "}";
  return made;
}

answer show(simulation& sim, call& what, const request& ask, const fault* spoiled) {
  if (what.refusal)
    return *what.refusal;
  if (what.one)
    return show_by_id(sim, what);
  if (auto state = judge_token(sim, what, spoiled); state != token_state::good)
    return bad_parameter("page_info", state == token_state::expired ? "Expired." : "Invalid value.");
  auto page = cut(sim, what, spoiled);
  answer made;
  made.prefix = "{\"" + std::string{what.stream_name} + "\":[";
  made.block = page.block;
  made.suffix = "]}";
  made.headers = link_header(sim, what, ask, page);
  return made;
}

} // namespace

call parse_shop(simulation& sim, const request& ask) {
  call what;
  constexpr std::string_view base = "/admin/api/2024-01/";
  auto* owner = tenant_of_host(sim, ask.host);
  auto name = std::string_view{ask.path};
  name.remove_prefix(std::min(base.size(), name.size()));
  if (name.ends_with(".json"))
    name.remove_suffix(5);
  auto slash = name.find('/');
  auto id = slash == std::string_view::npos ? std::string{} : std::string{name.substr(slash + 1)};
  name = name.substr(0, slash);
  what.who = owner;
  if (owner && !ask.post && ask.path.starts_with(base))
    for (auto& each : owner->data->streams)
      if (name_of(each.kind) == name)
        what.from = &each;
  if (!what.from) {
    what.refusal = shop_error(404, "Not Found");
    return what;
  }
  if (slash != std::string_view::npos) {
    if (!ask_for_one(sim, what, what.from->kind, id))
      what.refusal = shop_error(404, "Not Found");
    return what;
  }
  what.stream_name = name_of(what.from->kind);
  what.page = what.stream_name;
  auto limit = read_limit(ask.query.find("limit"), 50);
  if (!limit)
    what.refusal = bad_parameter("limit", "must be a number of at least 1");
  what.range.limit = std::min(limit.value_or(1), 250u);
  what.from->kind == stream_kind::orders ? read_orders(sim, what, ask) : read_position(what, ask);
  return what;
}

answer respond_shop(simulation& sim, call& what, const request& ask, const fault* spoiled) {
  if (!what.from)
    return *what.refusal;
  bool bad_key = spoiled && (spoiled->kind == fault_kind::dead_token || spoiled->kind == fault_kind::expired_token);
  if (ask.shop_key != what.who->secrets.shop_key() || bad_key)
    return shop_error(401, "[API] Invalid API key or access token (unrecognized login or wrong password)");
  uint32_t level = 0;
  const auto& allowed = what.who->allowed;
  bool fits = what.who->used.take_drop(allowed, sim.now(), level);
  bool limited = spoiled && spoiled->kind == fault_kind::rate_limited;
  auto leak = allowed.shop_leak_per_second > 0 ? allowed.shop_leak_per_second : 2;
  auto made = limited ? bucket_full(leak, spoiled->retry_after_s) : !fits ? bucket_full(leak, 2) : show(sim, what, ask, spoiled);
  made.headers += "X-Shop-Api-Call-Limit: " + std::to_string(limited ? allowed.shop_bucket : level) + '/'
                  + std::to_string(allowed.shop_bucket) + "\r\n";
  return made;
}

} // namespace simapi

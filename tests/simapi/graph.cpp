// The graph dialect: newest first, cursors, next links that carry the token, errors as 400 with code and subcode.
#include "tests/simapi/dialects.hpp"

#include "tests/simapi/record_text.hpp"
#include "tests/simapi/time_text.hpp"

#include <charconv>
#include <limits>

namespace simapi {
namespace {

constexpr auto last_number = std::numeric_limits<uint64_t>::max();

answer graph_error(uint32_t code, uint32_t subcode, std::string_view message) {
  std::string body = R"({"error":{"message":")" + json_escape(message) + R"(","type":"OAuthException","code":)" + std::to_string(code);
  if (subcode != 0)
    body += R"(,"error_subcode":)" + std::to_string(subcode);
  return plain_answer(400, body + R"(,"fbtrace_id":"AaBbCcDdEeFfGg"}})");
}

answer rate_limited(uint32_t code) {
  auto whose = code == 4 ? "Application" : code == 17 ? "User" : "Page";
  return graph_error(code, 0, "(#" + std::to_string(code) + ") " + whose + " request limit reached");
}

std::optional<answer> check_token(const call& what, const request& ask, const fault* spoiled) {
  const auto* given = ask.query.find("access_token");
  const auto& token = given ? *given : ask.bearer;
  if (token != what.who->secrets.graph_token() || (spoiled && spoiled->kind == fault_kind::dead_token))
    return graph_error(190, 460, "Error validating access token: the session has been invalidated because the user changed the password.");
  if (spoiled && spoiled->kind == fault_kind::expired_token)
    return graph_error(190, 463, "Error validating access token: Session has expired.");
  return {};
}

/// Bounds of `updated_time`, which is shown in whole seconds, as internal milliseconds.
void take_window(call& what, const request& ask) {
  for (auto name : {"since", "until"}) {
    const auto* text = ask.query.find(name);
    if (!text)
      continue;
    auto time = parse_time(*text, 1000);
    if (!time) {
      what.refusal = graph_error(100, 0, std::string{"(#100) param "} + name + " must be a unix time or a date");
      return;
    }
    if (name == std::string_view{"since"})
      what.range.lower.major = floor_second(*time + 999);
    else
      what.range.upper.major = floor_second(*time) + 999;
    what.page += std::string{"|"} + name + '=' + *text;
  }
}

answer no_such_object(std::string_view id) {
  return graph_error(100, 33, "Unsupported get request. Object with ID '" + std::string{id} + "' does not exist");
}

/// A post or a comment by its id. A comment's does not say whose it is, the access token does.
void find_object(simulation& sim, call& what, const request& ask, std::string_view id) {
  uint64_t account = 0;
  std::from_chars(id.data(), id.data() + id.size(), account);
  auto kind = stream_kind::posts;
  what.who = sim.state_of(sim.world.find_account(account));
  if (!what.who) {
    const auto* given = ask.query.find("access_token");
    kind = stream_kind::comments;
    what.who = sim.find_graph_token(given ? *given : ask.bearer);
  }
  if (!what.who)
    what.refusal = graph_error(190, 460, "Error validating access token: it belongs to nobody.");
  else if (!ask_for_one(sim, what, kind, std::string{id}))
    what.refusal = no_such_object(id);
}

/// The opening of a WebSocket.
void find_live(simulation& sim, call& what, const request& ask, std::string_view account) {
  uint64_t number = 0;
  std::from_chars(account.data(), account.data() + account.size(), number);
  what.who = sim.state_of(sim.world.find_account(number));
  what.stream_name = "live";
  what.page = "live";
  what.paged_by_token = false;
  if (!ask.upgrades)
    what.refusal = plain_answer(426, R"({"error":"expected a WebSocket handshake"})");
}

void find_posts(simulation& sim, call& what, const request& ask, std::string_view account) {
  uint64_t number = 0;
  std::from_chars(account.data(), account.data() + account.size(), number);
  what.who = sim.state_of(sim.world.find_account(number));
  if (!what.who)
    return;
  what.from = what.who->data->find(stream_kind::posts);
  what.stream_name = "posts";
  what.page = "posts";
  what.range = {{std::numeric_limits<int64_t>::min(), 0}, {std::numeric_limits<int64_t>::max(), last_number}, true};
  take_window(what, ask);
}

void find_comments(simulation& sim, call& what, std::string_view post) {
  uint64_t account = 0;
  std::from_chars(post.data(), post.data() + post.size(), account);
  what.who = sim.state_of(sim.world.find_account(account));
  if (!what.who)
    return;
  what.from = what.who->data->find(stream_kind::comments);
  what.stream_name = "comments";
  what.page = "comments|parent=" + std::string{post};
  auto* parent = sim.world.find(*what.who->data->find(stream_kind::posts), std::string{post});
  auto number = static_cast<int64_t>(number_in_key(std::string{post}));
  what.range = {{number, 0}, {number, last_number}};
  if (!parent || parent->deleted)
    what.refusal = no_such_object(post);
}

std::string usage_header(uint32_t percent) {
  return "X-App-Usage: {\"call_count\":" + std::to_string(percent) + ",\"total_time\":" + std::to_string(percent / 2)
         + ",\"total_cputime\":" + std::to_string(percent / 2) + "}\r\n";
}

std::string next_link(const simulation& sim, const call& what, const request& ask, const std::string& next) {
  std::string link = (sim.config.tls_key.empty() ? "http://" : "https://") + ask.host + ask.path + "?access_token="
                     + what.who->secrets.graph_token() + "&limit=" + std::to_string(what.range.limit);
  for (auto name : {"since", "until"})
    if (const auto* value = ask.query.find(name))
      link += std::string{"&"} + name + '=' + percent_encode(*value);
  return json_escape(link + "&after=" + next, true);
}

} // namespace

call parse_graph(simulation& sim, const request& ask) {
  call what;
  auto parts = ask.parts();
  if (!ask.post && parts.size() == 3 && parts[2] == "posts")
    find_posts(sim, what, ask, parts[1]);
  else if (!ask.post && parts.size() == 3 && parts[2] == "comments")
    find_comments(sim, what, parts[1]);
  else if (!ask.post && parts.size() == 3 && parts[2] == "live")
    find_live(sim, what, ask, parts[1]);
  else if (!ask.post && parts.size() == 2)
    find_object(sim, what, ask, parts[1]);
  if (!what.who) {
    if (!what.refusal)
      what.refusal = graph_error(100, 33, "Unsupported " + std::string{ask.post ? "post" : "get"} + " request. Object does not exist");
    return what;
  }
  if (what.stream_name == "live" || parts.size() == 2)
    return what;
  auto limit = read_limit(ask.query.find("limit"), 25);
  what.range.limit = std::min(limit.value_or(1), 100u);
  if (!limit && !what.refusal)
    what.refusal = graph_error(100, 0, "(#100) param limit must be a positive integer");
  take_token(sim, what, ask.query.find("after"));
  return what;
}

answer respond_graph(simulation& sim, call& what, const request& ask, const fault* spoiled) {
  if (auto refused = check_token(what, ask, spoiled))
    return *refused;
  uint32_t percent = 0;
  bool granted = what.who->used.take_hourly(what.who->allowed, sim.now(), percent);
  auto with_usage = [&](answer made) {
    made.headers = usage_header(percent);
    return made;
  };
  if (spoiled && spoiled->kind == fault_kind::rate_limited)
    return with_usage(rate_limited(spoiled->code));
  if (!granted)
    return with_usage(rate_limited(4));
  if (what.refusal)
    return with_usage(*what.refusal);
  if (auto state = judge_token(sim, what, spoiled); state != token_state::good)
    return with_usage(graph_error(100, 1487534, state == token_state::expired ? "(#100) The after cursor has expired"
                                                                             : "(#100) The after cursor is not valid"));
  answer made;
  if (what.stream_name == "live" || what.one) {
    if (what.one)
      made.block = show_one(sim, what);
    else
      made.status = 101;
    return with_usage(std::move(made));
  }
  auto page = cut(sim, what, spoiled);
  made.prefix = R"({"data":[)";
  made.block = page.block;
  made.suffix = "]";
  if (page.selection.count > 0) {
    // The cursor behind the page is there on the last page too, as on the model; only `next` says that there is more.
    const auto& after = page.next.empty() ? page.after : page.next;
    made.suffix += R"(,"paging":{"cursors":{"before":")" + page.before + R"(","after":")" + after + "\"}";
    if (!page.next.empty())
      made.suffix += R"(,"next":")" + next_link(sim, what, ask, page.next) + '"';
    made.suffix += '}';
  }
  made.suffix += '}';
  return with_usage(std::move(made));
}

} // namespace simapi

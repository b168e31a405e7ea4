// The graphql dialect: POST /graphql, one connection with opaque cursors (Relay), errors in the body of a 200.
#include "tests/simapi/dialects.hpp"

#include "tests/simapi/graphql_query.hpp"
#include "tests/simapi/time_text.hpp"

#include <boost/json.hpp>
#include <limits>
#include <set>

namespace simapi {
namespace {

namespace json = boost::json;

constexpr auto last_number = std::numeric_limits<uint64_t>::max();
constexpr uint32_t most_records = 100;

std::string errors_text(std::string_view code, std::string_view message) {
  return R"("errors":[{"message":")" + json_escape(message) + R"(","path":["viewer","contacts"],"extensions":{"code":")"
         + std::string{code} + "\"}}]";
}

answer graphql_error(std::string_view code, std::string_view message) {
  return plain_answer(200, "{" + errors_text(code, message) + R"(,"data":null})");
}

/// A mistake in a query.
struct query_error : std::invalid_argument {
  query_error(std::string_view code, const std::string& message) : std::invalid_argument(message), code(code) {}
  std::string_view code;
};

// -- the query ----------------------------------------------------------------------------------------------------------------

/// Refuses what the type does not have, and a field without a selection of its own.
void check_selection(const graphql_field& of, std::string_view type, const std::set<std::string_view>& known) {
  for (const auto& each : of.selection)
    if (!known.contains(each.name))
      throw query_error("GRAPHQL_VALIDATION_FAILED",
                        "Cannot query field \"" + each.name + "\" on type \"" + std::string{type} + "\".");
  if (of.selection.empty())
    throw query_error("GRAPHQL_VALIDATION_FAILED", "Field \"" + of.name + "\" must have a selection of subfields.");
}

const graphql_field& need(const graphql_field& of, std::string_view type, std::string_view name,
                          const std::set<std::string_view>& known) {
  check_selection(of, type, known);
  const auto* found = of.find(name);
  if (!found)
    throw query_error("GRAPHQL_VALIDATION_FAILED", "\"" + std::string{name} + "\" must be selected.");
  return *found;
}

/// The connection that the query asks for; what is selected of it is what the API has.
graphql_field read_connection(std::string_view text) {
  auto root = [&] {
    try {
      return read_graphql(text);
    } catch (const std::invalid_argument& error) {
      throw query_error("GRAPHQL_PARSE_FAILED", error.what());
    }
  }();
  const auto& viewer = need(root, "Query", "viewer", {"viewer"});
  auto contacts = need(viewer, "Viewer", "contacts", {"contacts"});
  check_selection(contacts, "ContactConnection", {"totalCount", "edges", "nodes", "pageInfo"});
  const auto *edges = contacts.find("edges"), *nodes = contacts.find("nodes"), *page = contacts.find("pageInfo");
  if ((edges != nullptr) == (nodes != nullptr))
    throw query_error("GRAPHQL_VALIDATION_FAILED", "Select either \"edges\" or \"nodes\".");
  if (edges && need(*edges, "ContactEdge", "node", {"cursor", "node"}).selection.empty())
    throw query_error("GRAPHQL_VALIDATION_FAILED", "Field \"node\" must have a selection of subfields.");
  if (nodes && nodes->selection.empty())
    throw query_error("GRAPHQL_VALIDATION_FAILED", "Field \"nodes\" must have a selection of subfields.");
  if (page)
    check_selection(*page, "PageInfo", {"hasNextPage", "hasPreviousPage", "startCursor", "endCursor"});
  return contacts;
}

/// An argument of the connection, its variable looked up; nothing if it is absent or null.
std::optional<std::string> argument(const graphql_field& of, const json::object& variables, const std::string& name) {
  auto found = of.arguments.find(name);
  if (found == of.arguments.end() || found->second == "null")
    return {};
  if (found->second[0] != '$')
    return found->second;
  const auto* value = variables.if_contains(found->second.substr(1));
  if (!value || value->is_null())
    return {};
  return value->is_string() ? std::string{value->get_string()} : json::serialize(*value);
}

void take_window(call& what, const char* name, const std::optional<std::string>& text, int64_t& bound) {
  if (!text)
    return;
  auto time = parse_time(*text, 1);
  if (!time)
    throw query_error("BAD_USER_INPUT", std::string{name} + ": '" + *text + "' is not a time.");
  bound = *time;
  what.page += std::string{"|"} + name + '=' + *text;
}

void take_arguments(simulation& sim, call& what, const graphql_field& asked, const json::object& variables) {
  for (const auto& [name, text] : asked.arguments)
    if (name != "first" && name != "after" && name != "updatedFrom" && name != "updatedTo")
      throw query_error("GRAPHQL_VALIDATION_FAILED", "Unknown argument \"" + name + "\" on field \"Viewer.contacts\".");
  take_window(what, "updatedFrom", argument(asked, variables, "updatedFrom"), what.range.lower.major);
  take_window(what, "updatedTo", argument(asked, variables, "updatedTo"), what.range.upper.major);
  auto first = argument(asked, variables, "first");
  auto limit = read_limit(first ? &*first : nullptr, 0);
  if (!limit || *limit < 1 || *limit > most_records)
    throw query_error("BAD_USER_INPUT", "first: a number from 1 to " + std::to_string(most_records) + " is needed.");
  what.range.limit = *limit;
  auto after = argument(asked, variables, "after");
  take_token(sim, what, after ? &*after : nullptr);
}

/// Reads the body into the call. Throws query_error; other exceptions mean that it is no GraphQL request.
void read_body(simulation& sim, call& what, const json::object& body) {
  const auto* variables = body.if_contains("variables");
  take_arguments(sim, what, read_connection(std::string_view{body.at("query").as_string()}),
                 variables && variables->is_object() ? variables->get_object() : json::object{});
}

// -- the answer ---------------------------------------------------------------------------------------------------------------

/// The records of a page as edges, or bare. Those from `whole` on could not be had and are null.
std::shared_ptr<page_block> list_of(const simulation& sim, const call& what, const cut_page& page,
                                    const graphql_field* edges, size_t whole) {
  auto made = std::make_shared<page_block>();
  made->shown = page.block->shown;
  made->marked = page.block->marked;
  auto scope = token_scope(sim, what);
  auto results = what.token ? what.token->results : 0;
  auto pages = what.token ? what.token->pages : 0;
  for (size_t i = 0; i < made->shown.size(); ++i) {
    const auto& one = what.from->records[made->shown[i].first];
    page_token behind{sim.world.key_of(*what.from, one),
                      pages + 1,
                      results + static_cast<uint32_t>(i) + 1,
                      page.cut_at,
                      what.range.lower.major,
                      what.range.upper.major};
    made->text += i > 0 ? "," : "";
    if (edges)
      made->text += edges->find("cursor") ? R"({"cursor":")" + encode(behind, scope) + R"(","node":)" : R"({"node":)";
    if (i < whole)
      sim.world.append_text(made->text, *what.who->data, *what.from, one, one.current);
    else
      made->text += "null";
    made->text += edges ? "}" : "";
  }
  return made;
}

std::string page_info(const call& what, const cut_page& page) {
  auto cursor = [](const std::string& token) { return token.empty() ? std::string{"null"} : '"' + token + '"'; };
  return R"("pageInfo":{"hasNextPage":)" + std::string{page.next.empty() ? "false" : "true"} + R"(,"hasPreviousPage":)"
         + (what.token ? "true" : "false") + R"(,"startCursor":)" + cursor(page.before) + R"(,"endCursor":)"
         + cursor(page.next.empty() ? page.after : page.next) + "}";
}

answer show(simulation& sim, call& what, const graphql_field& asked, const fault* spoiled) {
  auto page = cut(sim, what, spoiled);
  const auto* edges = asked.find("edges");
  bool is_partial = spoiled && spoiled->kind == fault_kind::partial_data;
  answer made;
  made.prefix =
    "{" + (is_partial ? errors_text("INTERNAL_SERVER_ERROR", "Cannot return null for a contact.") + "," : std::string{})
    + R"("data":{"viewer":{"contacts":{)";
  if (asked.find("totalCount"))
    made.prefix += R"("totalCount":)" + std::to_string(page.selection.total) + ',';
  made.prefix += edges ? R"("edges":[)" : R"("nodes":[)";
  made.block =
    edges || is_partial ? list_of(sim, what, page, edges, page.selection.count / (is_partial ? 2 : 1)) : page.block;
  made.suffix = "]" + (asked.find("pageInfo") ? "," + page_info(what, page) : std::string{}) + "}}}}";
  if (is_partial) { // nothing of it counts as served
    made.prefix += made.block->text;
    made.block.reset();
  }
  return made;
}

std::optional<answer> check_token(const call& what, const request& ask, const fault* spoiled) {
  bool is_spoilt = spoiled && (spoiled->kind == fault_kind::dead_token || spoiled->kind == fault_kind::expired_token);
  if (ask.bearer != what.who->secrets.graphql_token() || is_spoilt)
    return graphql_error("UNAUTHENTICATED", "The access token is not valid.");
  return {};
}

/// As long as there is a quota, each answer says what is left of it.
std::string quota_headers(const simulation& sim, uint32_t quota, uint32_t left) {
  if (quota == 0)
    return {};
  return "X-RateLimit-Limit: " + std::to_string(quota) + "\r\nX-RateLimit-Remaining: " + std::to_string(left)
         + "\r\nX-RateLimit-Reset: " + std::to_string((sim.now() / 3'600'000 + 1) * 3600) + "\r\n";
}

} // namespace

call parse_graphql(simulation& sim, const request& ask) {
  call what;
  auto index = tenant_of_graphql_token(ask.bearer);
  if (index && *index < sim.states.size() && sim.states[*index].data->speaks == dialect::graphql)
    what.who = &sim.states[*index];
  if (ask.path != "/graphql" || !ask.post)
    what.refusal = plain_answer(404, R"({"errors":[{"message":"POST /graphql is all there is"}]})");
  else if (!what.who)
    what.refusal = graphql_error("UNAUTHENTICATED", "The access token is not valid.");
  if (what.refusal)
    return what;
  what.from = what.who->data->find(stream_kind::contacts);
  what.stream_name = "contacts";
  what.page = "contacts";
  what.range = {{std::numeric_limits<int64_t>::min(), 0}, {std::numeric_limits<int64_t>::max(), last_number}};
  try {
    read_body(sim, what, json::parse(ask.body).as_object());
  } catch (const query_error& error) {
    what.refusal = graphql_error(error.code, error.what());
  } catch (const std::exception& error) {
    what.refusal = plain_answer(400, R"({"errors":[{"message":"expected {\"query\": .., \"variables\": {..}}"}]})");
  }
  return what;
}

answer respond_graphql(simulation& sim, call& what, const request& ask, const fault* spoiled) {
  if (!what.from)
    return *what.refusal;
  if (auto refused = check_token(what, ask, spoiled))
    return *refused;
  uint32_t left = 0;
  bool granted = what.who->used.take_call(what.who->allowed.graphql_calls_per_hour, sim.now(), left);
  bool limited = !granted || (spoiled && spoiled->kind == fault_kind::rate_limited);
  auto make = [&]() -> answer {
    if (limited)
      return graphql_error("THROTTLED", "Throttled");
    if (what.refusal)
      return *what.refusal;
    if (auto state = judge_token(sim, what, spoiled); state != token_state::good)
      return state == token_state::expired ? graphql_error("CURSOR_EXPIRED", "The cursor has expired.")
                                           : graphql_error("BAD_USER_INPUT", "The cursor is not valid.");
    return show(sim, what, read_connection(std::string_view{json::parse(ask.body).as_object().at("query").as_string()}),
                spoiled);
  };
  auto made = make();
  made.headers = quota_headers(sim, what.who->allowed.graphql_calls_per_hour, left);
  if (granted && limited && spoiled->retry_after_s > 0)
    made.headers += "Retry-After: " + std::to_string(spoiled->retry_after_s) + "\r\n";
  return made;
}

} // namespace simapi

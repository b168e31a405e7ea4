#include "examples/graphql/graphql_pages.hpp"

#include "examples/graphql/graphql_settings.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/json_value.hpp"
#include "runtime/extraction/message_text.hpp"
#include "runtime/extraction/page_protocol.hpp"
#include "runtime/extraction/record_selector.hpp"
#include "runtime/extraction/request_fields.hpp"

namespace lode::examples {

namespace {

/// What follows from the code of a GraphQL error. Codes are no standard: these are what the common servers and APIs say.
errc meaning_of(std::string_view code) {
  if (code == "RATE_LIMITED" || code == "THROTTLED" || code == "TOO_MANY_REQUESTS")
    return errc::rate_limited;
  if (code == "UNAUTHENTICATED")
    return errc::unauthorized;
  return code == "FORBIDDEN" ? errc::rejected : errc::bad_response;
}

class graphql_pages final : public page_protocol {
public:
  explicit graphql_pages(graphql_settings settings) : settings_(std::move(settings)) {}

  caf::expected<http_request> request(const stream_plan& stream, const request_inputs& inputs) const override {
    auto made = build_request(stream, inputs);
    auto variables = variables_of(stream, inputs);
    if (!made || !variables)
      return made ? variables.error() : made.error();
    made->method = "POST";
    if (!find_header(made->headers, "Content-Type"))
      made->headers.push_back({"Content-Type", "application/json"});
    made->body = lode::to_json(expression::value_map{{"query", settings_.query}, {"variables", std::move(*variables)}});
    return made;
  }

  /// Errors come first, for the data beside them may be a part of what there is, and look whole.
  caf::expected<std::vector<json_node>> records(const page_request& page, json_node body) const override {
    if (auto errors = body.member("errors"); errors.exists() && !errors.is(json_kind::null))
      return refusal(errors.first_child(), page.config);
    auto connection = value_at(body, settings_.path);
    auto edges = connection.member("edges");
    auto list = edges.is(json_kind::list) ? edges : connection.member("nodes");
    if (!list.is(json_kind::list))
      return failed(errc::bad_response, "the answer has neither edges nor nodes at " + settings_.path_text);
    std::vector<json_node> found;
    for (auto each = list.first_child(); each.exists(); each = each.next_sibling()) {
      auto node = edges.is(json_kind::list) && each.is(json_kind::map) ? each.member("node") : each;
      if (!node.exists())
        return failed(errc::bad_response, "the answer has an edge without a node at " + settings_.path_text);
      found.push_back(node); // also null, which becomes a dead letter: passed over it would look deleted
    }
    return found;
  }

  caf::expected<paging_step> follow(const page_request& page, json_node body, const page_facts&,
                                    expression::context&) const override {
    auto info = value_at(body, settings_.path).member("pageInfo");
    auto more = info.member("hasNextPage"), cursor = info.member("endCursor");
    if (!more.is(json_kind::boolean))
      return failed(errc::bad_response, "the answer does not say pageInfo.hasNextPage at " + settings_.path_text);
    if (more.raw() == "false")
      return end_slice(page);
    if (!cursor.is(json_kind::string))
      return paging_step{paging_step::kind::failed, page.state,
                         "there is a next page, but pageInfo.endCursor is no text", false};
    return follow_token(page, cursor.raw()); // JSON text, quotes and all: what variables_of() reads
  }

private:
  caf::expected<expression::value> variables_of(const stream_plan& stream, const request_inputs& inputs) const {
    auto names =
      names_of(stream, inputs.config, inputs.partition, printed_bounds(inputs.state, inputs.slice), inputs.now);
    auto made = names ? render_tree(settings_.variables, *names) : names.error();
    if (!made)
      return made;
    auto variables = made->map();
    variables.set("first", settings_.page_size);
    variables.set("after", token_from_text(inputs.state.page_token()));
    return expression::value{std::move(variables)};
  }

  /// `config` holds the secrets that an API may repeat in its message.
  static caf::error refusal(json_node first, const expression::value& config) {
    auto text = [](json_node node) { return node.is(json_kind::string) ? node.text() : std::string{}; };
    auto code = text(first.member("extensions").member("code"));
    if (code.empty())
      code = text(first.member("type"));
    return failed(meaning_of(code),
                  made_safe("the API answered: " + text(first.member("message")) + " (" + code + ")", config));
  }

  graphql_settings settings_;
};

} // namespace

miner_kind graphql_miner() {
  return {make_graphql_pages, {.request_body = false}}; // which is the query
}

page_protocol_pointer make_graphql_pages(const miner_request& request) {
  return std::make_shared<const graphql_pages>(read_graphql_settings(request.settings));
}

} // namespace lode::examples

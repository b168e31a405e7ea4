#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "messages/type_ids.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/expression/program.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/extraction/page_reader.hpp"
#include "runtime/manifest/plan.hpp"

/// Builders that the tests of this folder share.
namespace lode::testing {

inline program code(std::string_view text) {
  auto parsed = program::parse(text);
  if (!parsed)
    ADD_FAILURE() << text << ": " << parsed.error().message;
  return parsed ? *parsed : program{};
}

inline expression::value json(std::string_view text) {
  auto parsed = expression::parse_json(text);
  if (!parsed)
    ADD_FAILURE() << text << ": " << parsed.error().message;
  return parsed ? *parsed : expression::value{};
}

inline instant at(int64_t seconds) {
  return instant{std::chrono::seconds{seconds}};
}

inline request_option into(request_option::place place, std::string_view name) {
  return {place, code(name), {}};
}

template <class T>
std::string why(const caf::expected<T>& result) {
  return result ? "no error" : message_of(result.error());
}

/// Newest first, next links that carry the token, errors as 400.
inline stream_plan graph_posts() {
  stream_plan stream;
  stream.name = "posts";
  stream.primary_key = {{"id"}};
  stream.requester.url_base = code("http://graph.test/v19.0");
  stream.requester.path = code("{{ config['account'] }}/posts");
  stream.requester.authenticator =
    api_key_auth{into(request_option::place::parameter, "access_token"), code("{{ config['token'] }}")};
  cursor_paging paging;
  paging.cursor_value = code("{{ response.paging.next }}");
  paging.stop_condition = code("{{ not response.get('paging', {}).get('next') }}");
  paging.page_size = code("100");
  stream.paginator = {paging, token_is_request_path{}, into(request_option::place::parameter, "limit")};
  stream.selector.field_path = {code("data")};
  stream.lode.ordering_field = {"updated_time"};
  stream.lode.ordering_format = "%Y-%m-%dT%H:%M:%S%z";
  return stream;
}

/// One page read by a fresh reader.
struct reading {
  source_plan source;
  expression::value config = json(R"({"account":"17","token":"SECRET-TOKEN-1"})");
  wire::continuation_state state;
  std::string partition;
  slice_bounds slice;
  std::vector<http_header> headers;

  explicit reading(stream_plan stream) { source.streams.push_back(std::move(stream)); }

  stream_plan& stream() { return source.streams[0]; }

  caf::expected<page_content> read(std::string_view body) {
    json_document scratch;
    received_response response{200, headers, body, scratch};
    page_reader reader;
    return reader.read({source, 0, config, partition, slice, state, response, 42, at(1'700'000'000)});
  }
};

} // namespace lode::testing

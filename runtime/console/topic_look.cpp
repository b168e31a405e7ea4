#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "runtime/console/handler_calls.hpp"

namespace lode {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

std::optional<json::value> document_of(const api_response& response) {
  boost::system::error_code failed;
  auto document = json::parse(response.body, failed);
  if (failed || response.status != 200)
    return std::nullopt;
  return document;
}

} // namespace

asio::awaitable<std::optional<json::value>> look_at_topic(session_parts& parts, std::string path) {
  api_request request;
  request.method = "GET";
  api_response refusal;
  const auto* to = parse_target("/api/v1" + path, request) ? parts.routes.find(request, refusal) : nullptr;
  if (!to || to->access != route_access::stored)
    co_return std::nullopt;
  auto response = co_await answer_by_worker(parts, *to, request);
  co_return document_of(response);
}

} // namespace lode

#include "tests/simapi/live/client_message.hpp"

#include "tests/simapi/messages.hpp"
#include "tests/simapi/settings.hpp"

#include <boost/json.hpp>

namespace simapi {
namespace {

namespace json = boost::json;

client_message unknown(std::string problem) {
  client_message result;
  result.problem = std::move(problem);
  return result;
}

std::optional<uint32_t> bit_of(const json::value& name) {
  for (auto kind : streams_of(dialect::graph))
    if (name.is_string() && name.get_string() == name_of(kind))
      return 1u << static_cast<uint32_t>(kind);
  return {};
}

client_message read_subscription(const json::object& from) {
  client_message result;
  const auto* streams = from.if_contains("streams");
  if (!streams || !streams->is_array() || streams->get_array().empty())
    return unknown("streams: expected a list of names");
  for (const auto& each : streams->get_array()) {
    auto bit = bit_of(each);
    if (!bit)
      return unknown("streams: found " + json::serialize(each) + ", expected posts or comments");
    result.streams |= *bit;
  }
  if (const auto* after = from.if_contains("after"); after && after->is_string())
    result.after = std::string{after->get_string()};
  result.names = json::serialize(*streams);
  result.is = client_message::kind::subscribe;
  return result;
}

} // namespace

client_message read_client_message(std::string_view text) {
  boost::system::error_code error;
  auto parsed = json::parse(text, error);
  if (error || !parsed.is_object())
    return unknown("found no JSON object");
  const auto& fields = parsed.get_object();
  const auto* type = fields.if_contains("type");
  auto is = [&](const char* name) { return type && type->is_string() && type->get_string() == name; };
  if (is("subscribe"))
    return read_subscription(fields);
  client_message result;
  if (is("ping"))
    result.is = client_message::kind::ping;
  else if (is("ack"))
    result.is = client_message::kind::ack;
  else
    result.problem = "type: found " + (type ? json::serialize(*type) : std::string{"nothing"}) + ", expected subscribe, ping or ack";
  return result;
}

std::string subscribed_message(const client_message& to, bool resumed) {
  return R"({"type":"subscribed","streams":)" + to.names + R"(,"resumed":)" + (resumed ? "true" : "false") + "}";
}

std::string error_message(std::string_view problem) {
  return R"({"type":"error","message":")" + json_escape(problem) + "\"}";
}

} // namespace simapi

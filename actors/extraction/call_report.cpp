#include "actors/extraction/call_report.hpp"

#include <algorithm>

#include "actors/extraction/connection_context.hpp"
#include "runtime/expression/json_text.hpp"
#include "runtime/security/redact.hpp"
#include "runtime/storage/text_check.hpp"

namespace lode {

namespace {

constexpr size_t most = 2'048;

void collect(const expression::value& from, std::vector<std::string>& out) {
  using expression::kind;
  if (from.is(kind::string))
    out.push_back(from.string());
  else if (from.is(kind::integer))
    out.push_back(std::to_string(from.integer()));
  else if (from.is(kind::number))
    out.push_back(from.number());
  else if (from.is(kind::list))
    for (const auto& item : from.list())
      collect(item, out);
  else if (from.is(kind::map))
    for (const auto& [name, item] : from.map())
      collect(item, out);
}

/// `url` without the values of these query parameters.
std::string without_values(std::string url, const std::vector<std::string>& names) {
  for (const auto& name : names)
    for (auto at = url.find('?'); at != std::string::npos; at = url.find('&', at + 1)) {
      if (url.compare(at + 1, name.size() + 1, name + "=") != 0)
        continue;
      const auto value = at + name.size() + 2;
      url.replace(value, std::min(url.find_first_of("&#", value), url.size()) - value, "***");
    }
  return url;
}

std::string shown(const std::vector<http_header>& headers, const secret_mask& mask) {
  std::string out;
  for (const auto& header : headers) {
    const bool is_secret = is_secret_name(header.name);
    out += "\n" + header.name + ": " + (is_secret ? "***" : mask.excerpt(header.value, most));
    if (out.size() > most)
      break;
  }
  return out;
}

std::string shown(const http_request& request, const secret_mask& mask) {
  return request.method + " " + mask.excerpt(without_values(request.url, request.credential_parameters), most)
         + shown(request.headers, mask);
}

std::string shown(const http_response& response, const secret_mask& mask, bool shows_body) {
  auto out = "HTTP " + std::to_string(response.status) + shown(response.headers, mask);
  if (shows_body && !response.body.empty())
    out += "\n\n" + mask.excerpt(response.body, most);
  return out;
}

} // namespace

secret_mask mask_of(const connection_context& connection, std::vector<std::string> more) {
  if (auto secrets = expression::parse_json(connection.secrets); secrets && !connection.secrets.empty())
    collect(*secrets, more);
  return secret_mask{more};
}

call_error described(const failed_call& call) {
  const auto mask = mask_of(call.connection, call.secrets);
  call_error out;
  out.connection = call.connection.connection;
  out.stream = call.stream;
  out.run = call.run;
  out.partition = call.partition;
  out.at = call.at;
  out.attempt = call.attempt;
  out.text = storable_text(mask.excerpt(call.text, most), most);
  if (call.request)
    out.request = storable_text(shown(*call.request, mask), most);
  if (call.response) {
    out.status = call.response->status;
    out.response = storable_text(shown(*call.response, mask, call.shows_body), most);
  }
  return out;
}

} // namespace lode

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/program.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/json_value.hpp"
#include "runtime/extraction/request_builder.hpp"
#include "runtime/extraction/request_fields.hpp"
#include "runtime/http/text.hpp"
#include "runtime/http/url.hpp"

namespace lode {

using expression::value;

namespace {

/// The first member of this name at any depth, this level first.
json_node find_deep(json_node node, std::string_view name) {
  if (auto found = node.member(name); found.exists())
    return found;
  if (!node.is(json_kind::map) && !node.is(json_kind::list))
    return {};
  for (auto child = node.first_child(); child.exists(); child = child.next_sibling())
    if (auto found = find_deep(child, name); found.exists())
      return found;
  return {};
}

caf::error put_text(std::vector<query_parameter>& form, const std::string& name, const program& code,
                    const expression::context& names) {
  auto text = text_of(code, names, name);
  if (!text)
    return text.error();
  if (!text->empty())
    form.emplace_back(name, std::move(*text));
  return {};
}

caf::expected<std::optional<instant>> expiry_of(const oauth_auth& plan, json_node body, instant now) {
  auto node = find_deep(body, plan.expires_in_name);
  if (!node.exists() || node.is(json_kind::null))
    return std::optional<instant>{};
  auto item = to_value(node);
  if (!plan.token_expiry_format.empty()) {
    auto date = expression::parse_date_value(item, plan.token_expiry_format);
    if (!date)
      return failed(errc::bad_response, "the token endpoint's " + plan.expires_in_name + ": " + date.error().message);
    return std::optional{to_instant(*date)};
  }
  auto text = expression::to_text(item);
  char* end = nullptr;
  auto seconds = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(seconds) || std::abs(seconds) > 1e9)
    return failed(errc::bad_response, "the token endpoint's " + plan.expires_in_name + " is no number of seconds");
  return std::optional{now + std::chrono::microseconds{static_cast<int64_t>(seconds * 1e6)}};
}

} // namespace

caf::expected<std::string> refresh_token_of(const oauth_auth& plan, const expression::value& config, instant now) {
  return text_of(plan.refresh_token, names_of(config, now), plan.refresh_token_name);
}

caf::expected<http_request> build_token_request(const oauth_auth& plan, const expression::value& config, instant now) {
  auto names = names_of(config, now);
  http_request request;
  request.method = "POST";
  auto url = text_of(plan.endpoint, names, "token_refresh_endpoint");
  if (!url)
    return url.error();
  auto parsed = parse_http_url(*url);
  if (auto wrong = std::get_if<http_error>(&parsed))
    return failed(errc::bad_source, "token_refresh_endpoint: " + wrong->message);
  request.url = std::move(*url);
  auto headers = render_entries(plan.headers, names, expression::literals::all, "refresh_request_headers");
  if (!headers)
    return headers.error();
  bool has_authorization = false;
  for (const auto& [name, item] : *headers) {
    request.headers.push_back({name, expression::to_text(item)});
    has_authorization = has_authorization || equals_ignoring_case(name, "Authorization");
  }
  std::vector<query_parameter> form;
  if (plan.grant_type.empty())
    form.emplace_back(plan.grant_type_name, "refresh_token");
  else if (auto error = put_text(form, plan.grant_type_name, plan.grant_type, names))
    return error;
  if (!has_authorization) {
    if (auto error = put_text(form, plan.client_id_name, plan.client_id, names))
      return error;
    if (auto error = put_text(form, plan.client_secret_name, plan.client_secret, names))
      return error;
  }
  if (auto error = put_text(form, plan.refresh_token_name, plan.refresh_token, names))
    return error;
  for (const auto& scope : plan.scopes)
    form.emplace_back("scopes", scope);
  auto extra = render_entries(plan.extra_body, names, expression::literals::text_and_list, "refresh_request_body");
  if (!extra)
    return extra.error();
  for (const auto& [key, item] : *extra)
    if (std::none_of(form.begin(), form.end(), [&key = key](const auto& entry) { return entry.first == key; }))
      form.emplace_back(key, expression::to_text(item));
  request.body = encode_query(form);
  if (!find_header(request.headers, "Content-Type"))
    request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  return request;
}

caf::expected<token_grant> read_token_response(const oauth_auth& plan, const http_response& response, instant now) {
  auto status = "the token endpoint answered " + std::to_string(response.status);
  if (response.status == 429 || response.status >= 500)
    return failed(errc::server_failed, status);
  if (response.status >= 400)
    return failed(errc::unauthorized, status + ": the grant is refused; authorise the connection again");
  json_document document;
  if (auto error = document.parse(response.body))
    return failed(errc::bad_response, status + ", but " + message_of(error));
  auto token = find_deep(document.root(), plan.access_token_name);
  if (!token.is(json_kind::string) || token.raw_string().empty())
    return failed(errc::bad_response, status + " without a text called " + plan.access_token_name);
  auto expires = expiry_of(plan, document.root(), now);
  if (!expires)
    return expires.error();
  token_grant grant{token.text(), *expires, {}};
  auto name = plan.updater ? plan.updater->refresh_token_name : plan.refresh_token_name;
  if (auto successor = find_deep(document.root(), name); successor.is(json_kind::string))
    grant.refresh_token = successor.text();
  return grant;
}

} // namespace lode

#include <algorithm>
#include <array>

#include "runtime/manifest/compile.hpp"
#include "runtime/manifest/scopes.hpp"

namespace lode {

namespace {

http_method compile_method(const component& requester) {
  struct choice {
    std::string_view word;
    http_method means;
  };
  constexpr std::array methods{choice{"GET", http_method::get},       choice{"POST", http_method::post},
                               choice{"PUT", http_method::put},       choice{"PATCH", http_method::patch},
                               choice{"DELETE", http_method::delete_}, choice{"HEAD", http_method::head}};
  auto word = requester.text("http_method", "GET");
  std::transform(word.begin(), word.end(), word.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  auto found = std::find_if(methods.begin(), methods.end(), [&word](auto& each) { return each.word == word; });
  if (found != methods.end())
    return found->means;
  requester.error("expected GET, POST, PUT, PATCH, DELETE or HEAD, found '" + word + "'", "http_method");
  return http_method::get;
}

decltype(requester_plan::body) compile_typed_body(const component& body) {
  auto kind = body.type();
  auto* content = body.field("value");
  if (content == nullptr) {
    body.error("a request body needs 'value'");
    return no_body{};
  }
  if (kind == "RequestBodyJsonObject")
    return json_body{body.tree(*content, body.path() + "/value", scopes::request)};
  if (kind == "RequestBodyUrlEncodedForm")
    return form_body{body.entries("value", scopes::request)};
  if (kind == "RequestBodyPlainText")
    return text_body{body.code("value", scopes::request)};
  body.unsupported_type("RequestBodyJsonObject, RequestBodyUrlEncodedForm, RequestBodyPlainText");
  return no_body{};
}

decltype(requester_plan::body) compile_body(const component& requester) {
  auto* json = requester.field("request_body_json");
  auto* data = requester.field("request_body_data");
  if (json != nullptr && data != nullptr)
    requester.error("request_body_json and request_body_data can't be combined", "request_body_data");
  if (json != nullptr) {
    requester.record("request_body_json");
    return json_body{requester.tree(*json, requester.path() + "/request_body_json", scopes::request)};
  }
  if (data != nullptr && data->is == manifest_node::shape::scalar)
    return text_body{requester.code("request_body_data", scopes::request)};
  if (data != nullptr)
    return form_body{requester.entries("request_body_data", scopes::request)};
  if (auto typed = requester.child("request_body"))
    return compile_typed_body(*typed);
  return no_body{};
}

api_key_auth compile_api_key(const component& authenticator) {
  api_key_auth out;
  out.token = authenticator.required_code("api_token", scopes::config);
  if (auto option = authenticator.child("inject_into")) {
    out.into = compile_request_option(*option);
  } else {
    out.into.into = request_option::place::header;
    out.into.field_name = authenticator.code("header", scopes::config);
    if (!authenticator.has("header"))
      authenticator.error("ApiKeyAuthenticator needs 'inject_into' or 'header'");
  }
  return out;
}

/// `["credentials", "access_token"]`
void read_path(const component& from, std::string_view name, field_path& into) {
  if (from.has(name))
    into = from.texts(name);
}

oauth_auth::token_updater compile_updater(const component& updater) {
  oauth_auth::token_updater out;
  out.refresh_token_name = updater.text("refresh_token_name", out.refresh_token_name);
  read_path(updater, "access_token_config_path", out.access_token_path);
  read_path(updater, "refresh_token_config_path", out.refresh_token_path);
  read_path(updater, "token_expiry_date_config_path", out.expiry_path);
  return out;
}

oauth_auth compile_oauth(const component& authenticator) {
  oauth_auth out;
  out.endpoint = authenticator.required_code("token_refresh_endpoint", scopes::config);
  out.client_id = authenticator.code("client_id", scopes::config);
  out.client_secret = authenticator.code("client_secret", scopes::config);
  out.refresh_token = authenticator.code("refresh_token", scopes::config);
  out.grant_type = authenticator.has("grant_type") ? authenticator.code("grant_type", scopes::config)
                                                   : program::literal("refresh_token");
  out.scopes = authenticator.texts("scopes");
  out.client_id_name = authenticator.text("client_id_name", out.client_id_name);
  out.client_secret_name = authenticator.text("client_secret_name", out.client_secret_name);
  out.refresh_token_name = authenticator.text("refresh_token_name", out.refresh_token_name);
  out.grant_type_name = authenticator.text("grant_type_name", out.grant_type_name);
  out.access_token_name = authenticator.text("access_token_name", out.access_token_name);
  out.expires_in_name = authenticator.text("expires_in_name", out.expires_in_name);
  out.token_expiry_format = authenticator.text("token_expiry_date_format");
  out.extra_body = authenticator.entries("refresh_request_body", scopes::config);
  out.headers = authenticator.entries("refresh_request_headers", scopes::config);
  if (auto updater = authenticator.child("refresh_token_updater"))
    out.updater = compile_updater(*updater);
  if (out.updater && out.refresh_token.empty())
    authenticator.error("refresh_token_updater needs a 'refresh_token'", "refresh_token_updater");
  authenticator.refuse({"access_token_value", "token_expiry_date", "profile_assertion", "use_profile_assertion",
                        "refresh_token_error_status_codes", "send_refresh_request_as_query_params"});
  return out;
}

} // namespace

request_option compile_request_option(const component& option) {
  request_option out;
  if (option.type() != "RequestOption" && !option.type().empty())
    option.unsupported_type("RequestOption");
  struct choice {
    std::string_view word;
    request_option::place means;
  };
  constexpr std::array places{choice{"request_parameter", request_option::place::parameter},
                              choice{"header", request_option::place::header},
                              choice{"body_data", request_option::place::body_form},
                              choice{"body_json", request_option::place::body_json}};
  auto word = option.text("inject_into");
  auto found = std::find_if(places.begin(), places.end(), [&word](auto& each) { return each.word == word; });
  if (found != places.end())
    out.into = found->means;
  else
    option.error("expected request_parameter, header, body_data or body_json, found '" + word + "'", "inject_into");
  out.field_name = option.code("field_name", scopes::config);
  if (auto* path = option.field("field_path"); path != nullptr && path->is == manifest_node::shape::list)
    for (size_t i = 0; i < path->items.size(); ++i)
      out.field_path.push_back(option.compile(*path->items[i], option.path() + "/field_path/" + std::to_string(i), scopes::config));
  if (option.has("field_name") != out.field_path.empty())
    option.error("a request option needs either 'field_name' or 'field_path'");
  if (!out.field_path.empty() && out.into != request_option::place::body_json)
    option.error("'field_path' is for body_json only", "field_path");
  return out;
}

authenticator_plan compile_authenticator(const component& authenticator) {
  auto kind = authenticator.type();
  if (kind == "NoAuth")
    return no_auth{};
  if (kind == "ApiKeyAuthenticator")
    return compile_api_key(authenticator);
  if (kind == "BearerAuthenticator")
    return bearer_auth{authenticator.required_code("api_token", scopes::config)};
  if (kind == "BasicHttpAuthenticator")
    return basic_auth{authenticator.required_code("username", scopes::config), authenticator.code("password", scopes::config)};
  if (kind == "OAuthAuthenticator")
    return compile_oauth(authenticator);
  authenticator.unsupported_type("NoAuth, ApiKeyAuthenticator, BearerAuthenticator, BasicHttpAuthenticator, OAuthAuthenticator");
  return no_auth{};
}

requester_plan compile_requester(const component& requester) {
  requester_plan out;
  if (requester.type() != "HttpRequester") {
    requester.unsupported_type("HttpRequester");
    return out;
  }
  out.method = compile_method(requester);
  bool has_url = requester.has("url");
  if (!has_url && !requester.has("url_base"))
    requester.error("HttpRequester needs 'url_base' or 'url'");
  out.url_base = requester.code(has_url ? "url" : "url_base", scopes::request);
  out.path = requester.code("path", scopes::request);
  out.parameters = requester.entries("request_parameters", scopes::request);
  out.headers = requester.entries("request_headers", scopes::request);
  out.body = compile_body(requester);
  if (auto authenticator = requester.child("authenticator"))
    out.authenticator = compile_authenticator(*authenticator);
  requester.refuse({"fetch_properties_from_endpoint", "query_properties"});
  return out;
}

} // namespace lode

#include "runtime/extraction/credentials.hpp"

#include "runtime/base64.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"

namespace lode {

using expression::value;

namespace {

request_fields authorization(std::string text) {
  request_fields fields;
  fields.headers.emplace_back("Authorization", value{std::move(text)});
  return fields;
}

struct credential_writer {
  std::string_view access_token;
  const expression::context& names;

  caf::expected<request_fields> operator()(const no_auth&) const { return request_fields{}; }

  caf::expected<request_fields> operator()(const api_key_auth& plan) const {
    auto token = text_of(plan.token, names, "api_token");
    if (!token)
      return token.error();
    request_fields fields;
    if (auto error = put_option(fields, plan.into, value{std::move(*token)}, names))
      return error;
    return fields;
  }

  caf::expected<request_fields> operator()(const bearer_auth& plan) const {
    auto token = text_of(plan.token, names, "api_token");
    if (!token)
      return token.error();
    return authorization("Bearer " + *token);
  }

  caf::expected<request_fields> operator()(const basic_auth& plan) const {
    auto username = text_of(plan.username, names, "username");
    if (!username)
      return username.error();
    auto password = text_of(plan.password, names, "password");
    if (!password)
      return password.error();
    return authorization("Basic " + base64_encode(*username + ":" + *password));
  }

  caf::expected<request_fields> operator()(const oauth_auth&) const {
    return authorization("Bearer " + std::string{access_token});
  }
};

} // namespace

caf::expected<request_fields> credential_fields(const authenticator_plan& plan, std::string_view access_token,
                                                const expression::context& names) {
  return std::visit(credential_writer{access_token, names}, plan);
}

std::vector<std::string> credential_parameters(const authenticator_plan& plan) {
  auto key = std::get_if<api_key_auth>(&plan);
  if (!key || key->into.into != request_option::place::parameter)
    return {};
  return {key->into.field_name.source()};
}

} // namespace lode

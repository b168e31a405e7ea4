#include "tests/simapi/credentials.hpp"

#include "tests/simapi/random.hpp"

#include <charconv>

namespace simapi {
namespace {

enum purpose : uint64_t { graph = 101, shop, client, secret, refresh, access, graphql };

std::string hex(uint64_t value) {
  char digits[17];
  for (int i = 15; i >= 0; --i, value >>= 4)
    digits[i] = "0123456789abcdef"[value & 15];
  return {digits, 16};
}

/// Takes a number up to the next dash (or the end) from the front of the text.
template <class Number>
std::optional<Number> take_number(std::string_view& text) {
  Number value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{})
    return {};
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  if (!text.empty() && text.front() == '-')
    text.remove_prefix(1);
  return value;
}

std::string sign(uint64_t seed, const access_token_facts& facts) {
  return hex(mix(seed, access, facts.tenant, facts.generation, facts.serial, facts.issued_at));
}

} // namespace

std::string credentials::graph_token() const {
  return "EAAB" + hex(mix(seed, graph, tenant, generation)) + hex(mix(seed, graph, tenant, generation, 1));
}

std::string credentials::shop_key() const {
  return "shpat_" + hex(mix(seed, shop, tenant, generation)) + hex(mix(seed, shop, tenant, generation, 1));
}

std::string credentials::graphql_token() const {
  return "gqlt-" + std::to_string(tenant) + '-' + hex(mix(seed, graphql, tenant, generation)) + hex(mix(seed, graphql, tenant, generation, 1));
}

std::string credentials::client_id() const {
  return "client-" + std::to_string(tenant) + '-' + hex(mix(seed, client, tenant, generation));
}

std::string credentials::client_secret() const {
  return hex(mix(seed, secret, tenant, generation)) + hex(mix(seed, secret, tenant, generation, 1));
}

std::string credentials::refresh_token() const {
  return "crmrt-" + hex(mix(seed, refresh, tenant, generation, rotation))
         + hex(mix(seed, refresh, tenant, generation, rotation, 1));
}

std::string credentials::access_token(int64_t issued_at) const {
  return "crmat-" + std::to_string(tenant) + '-' + std::to_string(generation) + '-' + std::to_string(serial) + '-'
         + std::to_string(issued_at) + '-' + sign(seed, {tenant, generation, serial, issued_at});
}

std::optional<access_token_facts> read_access_token(uint64_t seed, std::string_view token) {
  constexpr std::string_view prefix = "crmat-";
  if (!token.starts_with(prefix))
    return {};
  token.remove_prefix(prefix.size());
  auto tenant = take_number<uint32_t>(token);
  auto generation = take_number<uint32_t>(token);
  auto serial = take_number<uint32_t>(token);
  auto issued_at = take_number<int64_t>(token);
  if (!tenant || !generation || !serial || !issued_at)
    return {};
  access_token_facts facts{*tenant, *generation, *serial, *issued_at};
  return token == sign(seed, facts) ? std::optional{facts} : std::nullopt;
}

namespace {

std::optional<uint32_t> tenant_behind(std::string_view prefix, std::string_view text) {
  if (!text.starts_with(prefix))
    return {};
  text.remove_prefix(prefix.size());
  return take_number<uint32_t>(text);
}

} // namespace

std::optional<uint32_t> tenant_of_graphql_token(std::string_view token) {
  return tenant_behind("gqlt-", token);
}

std::optional<uint32_t> tenant_of_client_id(std::string_view client_id) {
  return tenant_behind("client-", client_id);
}

} // namespace simapi

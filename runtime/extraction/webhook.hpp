#pragma once

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/storage.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/manifest/plan.hpp"

/// Webhooks without sockets and actors: who sent a request, for whom it is, what a challenge wants to hear.
namespace lode {

/// A request as it reached us.
struct webhook_request {
  std::string_view method;
  std::string_view target; ///< path with its query, as received: what `path` means in a signature
  const std::vector<http_header>& headers;
  std::string_view body;
};

/// Tells whether requests were signed with the secret of one connection. Immutable, made once per connection.
class signature_check {
public:
  /// Fails with errc::bad_source: a template cannot be evaluated, or the secret is empty, which everybody knows.
  static caf::expected<signature_check> make(const webhook_settings& settings, const expression::value& config, instant now);

  /// Fails with errc::unauthorized and what was wrong; no secret, nothing that helps to guess a signature.
  caf::error check(const webhook_request& request, instant now) const;

private:
  struct piece {
    signed_part::source what;
    std::string text;
  };
  std::optional<webhook_signature> rule_; ///< absent: the source declares none, everything passes
  std::vector<piece> pieces_;
  std::string secret_;
};

/// The account that requests for a connection of this configuration name; "" where the source tells them by their secrets
/// alone. Fails with errc::bad_source.
caf::expected<std::string> account_of(const webhook_settings& settings, const expression::value& config, instant now);

/// All accounts that a request names, without doubles: it is for the connections that have them. Nothing where it names
/// none, or is no JSON.
std::vector<std::string> accounts_in(const source_plan& source, const live_plan& plan, const webhook_request& request);

/// What a GET that only wants to know if somebody is there is answered with, as text/plain. Nothing: it is no challenge.
std::optional<std::string> challenge_answer(const webhook_settings& settings, const webhook_request& request);

} // namespace lode

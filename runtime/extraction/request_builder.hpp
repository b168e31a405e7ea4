#pragma once

#include <caf/expected.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "messages/storage.hpp"
#include "messages/wire/continuation.pb.h"
#include "runtime/expression/value.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/manifest/plan.hpp"

namespace lode {

/// All that a request depends on. References must outlive the call.
struct request_inputs {
  const expression::value& config;
  std::string_view partition; ///< JSON text, "" for the only one
  slice_bounds slice;
  const wire::continuation_state& state; ///< names the page
  std::string_view access_token;         ///< for oauth_auth; ignored by others
  instant now{};
};

/// The request of one page. Fails with errc::bad_source (template, repeated key, malformed URL) or errc::rejected (a next
/// link leads to a host that the source does not name). Messages never hold values.
caf::expected<http_request> build_request(const stream_plan& stream, const request_inputs& inputs);

/// The refresh token that build_token_request sends; "" for a grant without one.
caf::expected<std::string> refresh_token_of(const oauth_auth& plan, const expression::value& config, instant now);
/// The POST that fetches an access token.
caf::expected<http_request> build_token_request(const oauth_auth& plan, const expression::value& config, instant now);

struct token_grant {
  std::string access_token;
  std::optional<instant> expires;
  std::string refresh_token; ///< the successor of a single-use one, or ""
};

/// Reads the answer to build_token_request. Fails with errc::unauthorized (the grant is refused: 400, 401, 403),
/// errc::server_failed (429, 5xx: try again) or errc::bad_response.
caf::expected<token_grant> read_token_response(const oauth_auth& plan, const http_response& response, instant now);

/// `link` without the query parameters that carry credentials of this stream: they are injected anew each time.
std::string without_credentials(const stream_plan& stream, std::string_view link);

} // namespace lode

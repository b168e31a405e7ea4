#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/extraction/request_fields.hpp"

namespace lode {

/// What the authenticator adds to a request.
caf::expected<request_fields> credential_fields(const authenticator_plan& plan, std::string_view access_token,
                                                const expression::context& names);

/// Names of the query parameters that the authenticator fills.
std::vector<std::string> credential_parameters(const authenticator_plan& plan);

} // namespace lode

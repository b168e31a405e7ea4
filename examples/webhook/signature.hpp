#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lode::examples {

/// The key in a secret of the Standard Webhooks specification: "whsec_", then 24 to 64 bytes in Base64. Nothing for any other text.
std::optional<std::string> key_in_webhook_secret(std::string_view secret);

/// The header `webhook-signature`: "v1,BASE64" for each key, with spaces between them. `timestamp` is in whole seconds.
std::string standard_signature(const std::vector<std::string>& keys, std::string_view id, std::string_view timestamp,
                               std::string_view body);

} // namespace lode::examples

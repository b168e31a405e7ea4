#include "examples/webhook/signature.hpp"

#include <array>

#include "runtime/base64.hpp"
#include "runtime/security/hmac.hpp"

namespace lode::examples {

std::optional<std::string> key_in_webhook_secret(std::string_view secret) {
  constexpr std::string_view mark = "whsec_";
  if (!secret.starts_with(mark))
    return std::nullopt;
  auto key = base64_decode(secret.substr(mark.size()));
  return key && key->size() >= 24 && key->size() <= 64 ? key : std::nullopt;
}

std::string standard_signature(const std::vector<std::string>& keys, std::string_view id, std::string_view timestamp,
                               std::string_view body) {
  const std::array<std::string_view, 5> pieces{id, ".", timestamp, ".", body};
  std::string text;
  for (const auto& key : keys)
    text += (text.empty() ? "v1," : " v1,") + base64_encode(hmac(hmac_hash::sha256, key, pieces));
  return text;
}

} // namespace lode::examples

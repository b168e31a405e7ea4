#pragma once

#include <string>
#include <string_view>

namespace lode {

/// `text` with everything that looks like a credential replaced by "***": values of names such as access_token,
/// password or client_secret (in queries, JSON, headers, libpq strings), what follows `key=`, Bearer or Basic, and the
/// password in a URL. A second line of defence: who writes a message leaves secrets out in the first place.
std::string redact(std::string_view text);

/// Whether a field of this name holds a credential by the usual conventions ("api_key", "X-Auth-Token", "password").
bool is_secret_name(std::string_view name);

} // namespace lode

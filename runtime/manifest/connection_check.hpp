#pragma once

#include <string>
#include <vector>

#include "runtime/expression/value.hpp"

/// Whether a connection gives its source what the source's `spec` asks for: a part of JSON Schema draft 7, as manifests use it.
///
/// Checked: properties, required, additionalProperties, type, enum, const, pattern, minimum, maximum, items, and the
/// alternatives of oneOf, anyOf and allOf (of oneOf: that one fits, not that only one does). Everything else a schema may
/// ask is not checked and never refused: `format` least of all, which manifests give for what they print, not for what they take.
/// A `default` is not filled in: what is required must be given.
///
/// Code of our own, though Debian has valijson: a validator holds one value against a schema as the standard says. Here values
/// come in two parts, a key that nobody declared is the mistake that matters most (the standard allows it), secrets must not be
/// quoted, and what is told has to say what to do.
namespace lode {

/// What a client gives now. The other part is as stored: its keys are not judged again.
enum class given_part : uint8_t { both, configuration, secrets };

/// All that is wrong with `configuration` and `secrets` (maps; laid over each other as templates see them), each naming the
/// key, what was found, what is expected and what to do; never a secret's value. Empty when `schema` is undefined.
///
/// Either part may hold any property but one marked `airbyte_secret`, which belongs to the secrets (refused elsewhere: the
/// console does it, for names that sound like a secret, too). Of a required property that is missing, the part where it belongs is told.
std::vector<std::string> check_connection(const expression::value& schema, const expression::value& configuration,
                                          const expression::value& secrets, given_part given);

} // namespace lode

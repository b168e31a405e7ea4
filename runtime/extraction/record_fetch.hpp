#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>

#include "messages/records.hpp"
#include "messages/storage.hpp"
#include "runtime/expression/value.hpp"
#include "runtime/extraction/error_rules.hpp"
#include "runtime/extraction/received_response.hpp"
#include "runtime/extraction/record_maker.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/manifest/plan.hpp"

/// One record by its key (`x-lode.live.fetch`): what is asked for after a notice, or when nobody can tell which of two facts is
/// newer.
namespace lode {

struct fetch_inputs {
  const expression::value& config;
  std::string_view key;          ///< as it is stored
  std::string_view access_token; ///< for oauth_auth; ignored by others
  instant now{};
};

/// Fails with errc::bad_source (template, malformed URL, no `fetch`) or errc::bad_argument (a key that no path can name).
caf::expected<http_request> build_fetch(const stream_plan& stream, const fetch_inputs& inputs);

/// What the API says of the record now.
struct fetch_answer {
  enum class outcome : uint8_t {
    found,   ///< `record` is what a page would make of it
    gone,    ///< it is not there, or is no record for this source (filter, steps)
    refused, ///< not known: `judged` says what follows, `reason` why
  };
  outcome what = outcome::refused;
  hashed_record record{};
  verdict judged{};
  std::string reason{};
};

/// Reads the answer to build_fetch of `key`. Gone is: 404, 410, or an error that the source's rules ignore, but for refusals of
/// the whole caller (401, 403, 429, 5xx).
fetch_answer read_fetched(const stream_plan& stream, received_response& response, std::string_view key, const judge_inputs& inputs,
                          uint64_t hash_seed, record_scratch& scratch);

} // namespace lode

#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/error.hpp"
#include "messages/ids.hpp"

namespace lode {

struct console_stores;

/// A request as handlers see it: decoded, authorised, its route known.
struct api_request {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> parameters; ///< {names} of the route
  std::string body;
  std::string command; ///< of what changes something: the client's Idempotency-Key, else made here
  bool is_authorised = true; ///< false only on routes that are open to all
  bool accepts_gzip = false;
  // Of webhooks only, as they were received: signatures cover them.
  std::string target{}; ///< path with its query
  std::vector<std::pair<std::string, std::string>> headers{};

  const std::string& parameter(const std::string& name) const { return parameters.at(name); }
  std::string query_text(const std::string& name, std::string otherwise = {}) const;
  /// A whole number from 1 to `most`; errc::bad_argument for anything else.
  caf::expected<size_t> query_number(const std::string& name, size_t otherwise, size_t most) const;
};

/// The answer is another one once the feed of `shard` goes beyond `position`. The request is then made again with its `after`
/// as it is here, or answered as it was when `at_most` has passed since it came.
struct feed_wait {
  shard_id shard;
  int64_t position = 0;
  std::string after;
  std::chrono::seconds at_most{0};
};

struct api_response {
  /// Appends the next piece; false = that was the last one. An error ends the response early, so that the client sees
  /// that it is not complete.
  using producer = std::function<caf::expected<bool>(console_stores&, std::string& piece)>;

  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string allow; ///< methods, with status 405
  producer more;     ///< when set: what follows `body`, sent in chunks
  std::map<std::string, std::string> named{}; ///< by the path of the request: for the log
  std::optional<feed_wait> waits_for{};       ///< sent at once without
  using tell = std::function<void(api_response)>;
  /// When set (webhooks only): the answer is another one, told once, from any thread, when it is known.
  std::function<void(tell)> later{};
  int retry_after = 0; ///< seconds, with status 503; 0 = nothing is said
  std::vector<std::pair<std::string, std::string>> headers{}; ///< beside, or in place of, those that every answer has
};

/// Without its %XX; nothing when one of them is malformed.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space = false);

/// Takes "/a%20b?x=1&y" apart; the path stays encoded until the router has split it. False when it is malformed.
bool parse_target(std::string_view target, api_request& out);

/// Whether the value of an Accept-Encoding lets an answer be compressed with gzip.
bool takes_gzip(std::string_view accept_encoding);

int status_of(errc code);
/// A problem in the form of RFC 9457: problem.hpp.
api_response error_response(int status, std::string_view code, std::string_view message);
api_response error_response(const caf::error& error);

} // namespace lode

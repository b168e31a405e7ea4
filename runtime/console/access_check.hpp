#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "runtime/console/access_tokens.hpp"
#include "runtime/console/failed_attempts.hpp"

namespace lode {

/// What a request says about who sends it.
struct access_claim {
  std::string_view authorization; ///< header values, "" = absent
  std::string_view host;
  std::string_view origin;
  std::string peer{};      ///< the address that it comes from
  bool is_secure = false;  ///< it came under TLS
};

enum class access_answer : uint8_t {
  granted,
  no_token,    ///< one is needed
  wrong_token, ///< counts as an attempt
  too_many,    ///< this address gave too many wrong ones: it was not looked at
  foreign,     ///< without a token only this machine may ask
};

struct access_verdict {
  access_answer is = access_answer::foreign;
  std::chrono::seconds retry_after{0}; ///< with too_many
};

/// Decides who may use the API. With tokens: who carries one of them. Without one the server listens on loopback only, and everybody
/// on the machine may, except web pages: a browser sends their requests too, so a Host that is not this machine (a rebound name) or an
/// Origin that is not the Host is refused. Belongs to the I/O thread: it counts wrong tokens.
class access_check {
public:
  using clock = failed_attempts::clock;

  explicit access_check(access_tokens tokens) : tokens_(std::move(tokens)) {}

  access_verdict judge(const access_claim& claim, clock::time_point now = clock::now());
  /// The same for a token that came another way than by its header.
  access_verdict judge_token(std::string_view token, const std::string& peer, clock::time_point now = clock::now());

  bool has_token() const noexcept { return !tokens_.empty(); }

private:
  access_tokens tokens_;
  failed_attempts failed_;
};

/// Whether a query names a secret: those stay in logs of proxies and in histories of browsers.
bool is_secret_parameter(std::string_view name);

} // namespace lode

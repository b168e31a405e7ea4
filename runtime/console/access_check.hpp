#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace lode {

/// What a request says about who sends it.
struct access_claim {
  std::string_view authorization; ///< header values, "" = absent
  std::string_view host;
  std::string_view origin;
};

/// Decides who may use the API. With a token: who carries it. Without one the server listens on loopback only, and
/// everybody on the machine may, except web pages: a browser sends their requests too, so a Host that is not this machine
/// (a rebound name) or an Origin that is not the Host is refused.
class access_check {
public:
  explicit access_check(std::string token) : token_(std::move(token)) {}

  bool is_authorised(const access_claim& claim) const;
  bool has_token() const noexcept { return !token_.empty(); }

private:
  std::string token_;
};

/// First line of the file; errc::bad_argument when it can't be read or holds fewer than 16 characters.
caf::expected<std::string> read_token_file(const std::string& path);

} // namespace lode

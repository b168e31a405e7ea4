#pragma once

#include <caf/expected.hpp>

#include <memory>
#include <string>

#include "config/settings.hpp"
#include "runtime/console/router.hpp"
#include "runtime/console/session_limits.hpp"

namespace lode {

/// The node's HTTP port: one I/O thread for all conversations, `threads` workers that answer with a set of stores each.
/// A slow database holds up the workers, never /healthz, /readyz and /metrics.
class http_server {
public:
  /// Listens from now on. Fails with errc::bad_argument when address, token file or certificate can't be used.
  static caf::expected<std::unique_ptr<http_server>> start(const console_settings& settings, router routes, console_services services,
                                                           const session_limits& limits = {});
  /// Ends all conversations; waits for answers in work.
  ~http_server();

  /// "127.0.0.1:7788"; the real port when 0 was asked for.
  const std::string& address() const noexcept;

  struct parts;

private:
  explicit http_server(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace lode

#pragma once

#include <boost/asio/ssl/context.hpp>
#include <caf/expected.hpp>

#include <memory>
#include <string>

namespace lode {

/// The certificate of a server's port and its key, PEM files; both or none.
struct server_certificate {
  std::string certificate_file;
  std::string key_file;
};

/// TLS 1.2 and later with this certificate; null without one. errc::bad_argument names the setting, the file and what is wrong: not
/// to be read, no certificate, no key of it, over. One that is over within two weeks is logged.
caf::expected<std::unique_ptr<boost::asio::ssl::context>> make_server_tls(const server_certificate& files);

} // namespace lode

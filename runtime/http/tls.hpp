#pragma once

#include "runtime/http/http_client.hpp"

#include <boost/asio/ssl/context.hpp>

#include <optional>
#include <string>

namespace lode {

/// Trusted certificates and protocol versions of a client. What is wrong with the settings, if anything.
std::optional<http_error> set_up_tls(boost::asio::ssl::context& tls, const http_client_settings& settings);

/// The peer of this session must show a certificate for `host`, a name or an address. Before the handshake.
void expect_certificate_of(SSL* session, const std::string& host);

/// What was wrong with the certificate, or else with the handshake.
std::string why_tls_failed(SSL* session, const boost::system::error_code& failure);

} // namespace lode

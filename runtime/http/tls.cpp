#include "runtime/http/tls.hpp"

#include <boost/asio/ip/address.hpp>

namespace lode {

namespace asio = boost::asio;

std::optional<http_error> set_up_tls(asio::ssl::context& tls, const http_client_settings& settings) {
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  boost::system::error_code failure;
  if (settings.ca_file.empty())
    tls.set_default_verify_paths(failure);
  for (auto& [key, file] : {std::pair{"ca_file", settings.ca_file}, {"extra_ca_file", settings.extra_ca_file}}) {
    if (file.empty())
      continue;
    tls.load_verify_file(file, failure);
    if (failure)
      return http_error{http_failure::invalid_request, std::string{"http setting "} + key
                                                         + ": cannot read certificates from '" + file
                                                         + "': " + failure.message()};
  }
  return std::nullopt;
}

void expect_certificate_of(SSL* session, const std::string& host) {
  boost::system::error_code is_name;
  asio::ip::make_address(host, is_name);
  auto parameters = SSL_get0_param(session);
  if (is_name) {
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(session, host.c_str());
    SSL_set_tlsext_host_name(session, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
  }
  SSL_set_verify(session, SSL_VERIFY_PEER, nullptr);
}

std::string why_tls_failed(SSL* session, const boost::system::error_code& failure) {
  auto verdict = SSL_get_verify_result(session);
  return verdict == X509_V_OK ? failure.message() : std::string{X509_verify_cert_error_string(verdict)};
}

} // namespace lode

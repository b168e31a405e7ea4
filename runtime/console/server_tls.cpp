#include "runtime/console/server_tls.hpp"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <chrono>

#include "messages/error.hpp"
#include "messages/type_ids.hpp"
#include "runtime/telemetry/log.hpp"

namespace lode {

namespace {

namespace ssl = boost::asio::ssl;

constexpr int days_of_warning = 14;

caf::error wrong(const char* setting, const std::string& file, const std::string& why) {
  ERR_clear_error();
  return caf::make_error(errc::bad_argument, std::string{"console."} + setting + " (" + file + "): " + why);
}

/// Nobody sits at a node that starts.
int no_password(char*, int, int, void*) {
  return -1;
}

caf::error check_time(const X509* certificate, const std::string& file) {
  int days = 0;
  int seconds = 0;
  if (!ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate)) || days < 0 || seconds < 0)
    return wrong("certificate_file", file, "the certificate is over; get a new one and start the node again");
  if (days < days_of_warning)
    log_warning("console.certificate_file (" + file + "): the certificate is over in " + std::to_string(days)
                + " days; put a new one there and start the node again");
  return {};
}

} // namespace

caf::expected<std::unique_ptr<ssl::context>> make_server_tls(const server_certificate& files) {
  const auto& [certificate, key] = files;
  if (certificate.empty() && key.empty())
    return std::unique_ptr<ssl::context>{};
  if (certificate.empty() || key.empty())
    return caf::make_error(errc::bad_argument, "console.certificate_file and console.key_file belong together: only one of them is set");
  auto tls = std::make_unique<ssl::context>(ssl::context::tls_server);
  auto* native = tls->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_default_passwd_cb(native, no_password);
  if (SSL_CTX_use_certificate_chain_file(native, certificate.c_str()) != 1)
    return wrong("certificate_file", certificate, "expected a readable file with a certificate in PEM form and those between it and its authority");
  if (SSL_CTX_use_PrivateKey_file(native, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const bool is_other = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
    return wrong("key_file", key, is_other ? "it is not the key of console.certificate_file"
                                           : "expected a readable file with a private key in PEM form without a password");
  }
  if (SSL_CTX_check_private_key(native) != 1)
    return wrong("key_file", key, "it is not the key of console.certificate_file");
  if (auto over = check_time(SSL_CTX_get0_certificate(native), certificate))
    return over;
  return tls;
}

} // namespace lode

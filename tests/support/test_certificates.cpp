#include "tests/support/test_certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <unistd.h>

namespace lode::test {

namespace {

template <auto Free>
struct freed_by {
  void operator()(auto* object) const { Free(object); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;

std::string text_of(BIO* memory) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(size)};
}

std::string pem_of(X509* certificate) {
  bio_ptr memory{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(memory.get(), certificate);
  return text_of(memory.get());
}

std::string pem_of(EVP_PKEY* key) {
  bio_ptr memory{BIO_new(BIO_s_mem())};
  PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(memory.get());
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  auto extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

certificate_ptr unsigned_certificate(EVP_PKEY* key, const std::string& name, long lifetime_seconds) {
  static long serial = 0;
  certificate_ptr certificate{X509_new()};
  X509_set_version(certificate.get(), 2); // counts from 0: version 3
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), lifetime_seconds);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

bool is_ipv4(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

} // namespace

struct test_authority::state {
  key_ptr key{EVP_EC_gen("P-256")};
  certificate_ptr certificate = unsigned_certificate(key.get(), "Test authority", 86400);
};

test_authority::test_authority() : state_(std::make_unique<state>()) {
  auto certificate = state_->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate, state_->key.get(), EVP_sha256());
  std::string path = "/tmp/lode-test-ca-XXXXXX";
  auto descriptor = ::mkstemp(path.data());
  auto pem = pem_of(certificate);
  if (descriptor < 0 || ::write(descriptor, pem.data(), pem.size()) != static_cast<ssize_t>(pem.size()))
    std::abort();
  ::close(descriptor);
  file_ = path;
}

test_authority::~test_authority() {
  ::unlink(file_.c_str());
}

test_identity test_authority::issue(const std::string& host, long lifetime_seconds) const {
  key_ptr key{EVP_EC_gen("P-256")};
  auto certificate = unsigned_certificate(key.get(), host, lifetime_seconds);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(state_->certificate.get()));
  add_extension(certificate.get(), NID_subject_alt_name, (is_ipv4(host) ? "IP:" : "DNS:") + host);
  X509_sign(certificate.get(), state_->key.get(), EVP_sha256());
  return {pem_of(certificate.get()), pem_of(key.get())};
}

} // namespace lode::test

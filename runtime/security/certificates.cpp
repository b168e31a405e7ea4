#include "runtime/security/certificates.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "messages/actors.hpp"

namespace lode {

namespace {

template <auto Free>
struct freed_by {
  void operator()(auto* object) const { Free(object); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>>;
using file_ptr = std::unique_ptr<FILE, freed_by<fclose>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free_all>>;
using trust_ptr = std::unique_ptr<X509_STORE, freed_by<X509_STORE_free>>;
using trial_ptr = std::unique_ptr<X509_STORE_CTX, freed_by<X509_STORE_CTX_free>>;

caf::error wrong(errc code, const std::string& what) {
  return caf::make_error(code, what);
}

caf::error openssl_failed(const std::string& doing) {
  char text[256] = "unknown error";
  if (auto code = ERR_get_error())
    ERR_error_string_n(code, text, sizeof(text));
  return wrong(errc::internal, doing + ": OpenSSL says: " + text);
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

/// A new file of the owner's only; whoever may read it is set before a byte is in it.
caf::error write_new(const std::string& path, const std::string& text, mode_t mode) {
  auto descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0)
    return errno == EEXIST ? wrong(errc::conflict, path + " exists and is not overwritten: move it away, or give another --directory")
                           : wrong(errc::bad_argument, path + " cannot be written: " + std::strerror(errno));
  const bool is_written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size())
                          && ::fsync(descriptor) == 0;
  const auto why = errno;
  if (::close(descriptor) == 0 && is_written)
    return {};
  ::unlink(path.c_str());
  return wrong(errc::bad_argument, path + " cannot be written: " + std::strerror(why));
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<size_t>(size)};
}

/// Key first: a certificate without its key is worth nothing, and neither is a half-written pair.
caf::expected<certificate_files> write_pair(const certificate_files& to, X509* certificate, EVP_PKEY* key) {
  bio_ptr key_text{BIO_new(BIO_s_mem())};
  bio_ptr certificate_text{BIO_new(BIO_s_mem())};
  if (!PEM_write_bio_PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr)
      || !PEM_write_bio_X509(certificate_text.get(), certificate))
    return openssl_failed("a key could not be written");
  for (const auto& path : {to.key, to.certificate})
    if (exists(path))
      return wrong(errc::conflict, path + " exists and is not overwritten: move it away, or give another --directory");
  if (auto failed = write_new(to.key, text_of(key_text.get()), 0600))
    return failed;
  if (auto failed = write_new(to.certificate, text_of(certificate_text.get()), 0644)) {
    ::unlink(to.key.c_str());
    return failed;
  }
  return to;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  extension_ptr extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof(bytes)) != 1)
    return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40); // positive, never 0
  std::unique_ptr<BIGNUM, freed_by<BN_free>> number{BN_bin2bn(bytes, sizeof(bytes), nullptr)};
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

/// Begins an hour ago: clocks of a cluster's machines are not exactly alike.
certificate_ptr unsigned_certificate(EVP_PKEY* key, const std::string& name, uint32_t days) {
  certificate_ptr made{X509_new()};
  if (!made || X509_set_version(made.get(), 2) != 1 || !set_serial(made.get()) // 2: versions count from 0
      || !X509_gmtime_adj(X509_getm_notBefore(made.get()), -3'600)
      || !X509_time_adj_ex(X509_getm_notAfter(made.get()), static_cast<int>(days), 0, nullptr)
      || X509_set_pubkey(made.get(), key) != 1
      || X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) != 1)
    return nullptr;
  return made;
}

caf::error check_input(const std::string& what, const std::string& name) {
  if (name.empty() || name.size() > 64 || name == "ca" || name.front() == '.'
      || name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != name.npos)
    return wrong(errc::bad_argument, what + ": found \"" + name
                                       + "\", expected 1 to 64 letters, digits, dots, dashes or underscores, no dot first, and not \"ca\"");
  return {};
}

certificate_files authority_in(const std::string& directory) {
  return {directory + "/ca.pem", directory + "/ca.key"};
}

/// `setting` is how people name the file: a key of the settings, or "".
std::string named(const std::string& setting, const std::string& path) {
  return setting.empty() ? path : setting + " (" + path + ")";
}

caf::expected<file_ptr> open_file(const std::string& setting, const std::string& path, const std::string& advice) {
  file_ptr file{std::fopen(path.c_str(), "re")};
  if (!file)
    return wrong(errc::bad_argument, named(setting, path) + " cannot be read: " + std::strerror(errno) + "; " + advice);
  return file;
}

caf::expected<certificate_ptr> read_certificate(const std::string& setting, const std::string& path, const std::string& advice) {
  auto file = open_file(setting, path, advice);
  if (!file)
    return file.error();
  certificate_ptr read{PEM_read_X509(file->get(), nullptr, nullptr, nullptr)};
  ERR_clear_error();
  if (!read)
    return wrong(errc::bad_argument, named(setting, path) + " holds no certificate in PEM form; " + advice);
  return read;
}

/// A password is never asked for: nobody sits at a node that starts.
int no_password(char*, int, int, void*) {
  return -1;
}

caf::expected<key_ptr> read_key(const std::string& setting, const std::string& path, const std::string& advice) {
  auto file = open_file(setting, path, advice);
  if (!file)
    return file.error();
  key_ptr read{PEM_read_PrivateKey(file->get(), nullptr, no_password, nullptr)};
  ERR_clear_error();
  if (!read)
    return wrong(errc::bad_argument, named(setting, path) + " holds no private key in PEM form without a password; " + advice);
  return read;
}

/// Negative when it is over.
std::chrono::seconds time_left(const X509* certificate) {
  int days = 0;
  int seconds = 0;
  if (!ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate)))
    return std::chrono::seconds{-1};
  return std::chrono::hours{24} * days + std::chrono::seconds{seconds};
}

caf::error check_signature(X509* certificate, X509* authority, const node_certificates& files, const std::string& advice) {
  trust_ptr trust{X509_STORE_new()};
  trial_ptr trial{X509_STORE_CTX_new()};
  if (!trust || !trial || X509_STORE_add_cert(trust.get(), authority) != 1
      || X509_STORE_CTX_init(trial.get(), trust.get(), certificate, nullptr) != 1)
    return openssl_failed("certificates could not be checked");
  if (X509_verify_cert(trial.get()) == 1)
    return {};
  const std::string why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(trial.get()));
  ERR_clear_error();
  return wrong(errc::bad_argument, "cluster.certificate_file (" + files.certificate_file + ") is not accepted under cluster.ca_file ("
                                     + files.ca_file + "): " + why + "; " + advice);
}

caf::error sign(X509* certificate, X509* issuer, EVP_PKEY* by, bool is_authority) {
  const bool is_done
    = X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1
      && add_extension(certificate, issuer, NID_basic_constraints, is_authority ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE")
      && add_extension(certificate, issuer, NID_key_usage, is_authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature")
      && add_extension(certificate, issuer, NID_subject_key_identifier, "hash")
      && add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always")
      && (is_authority || add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth,clientAuth"))
      && X509_sign(certificate, by, EVP_sha256()) > 0;
  return is_done ? caf::error{} : openssl_failed("the certificate could not be signed");
}

} // namespace

caf::expected<certificate_files> make_authority(const std::string& directory, const std::string& name, uint32_t days) {
  if (auto bad = check_input("name", name))
    return bad;
  key_ptr key{EVP_EC_gen("P-256")};
  auto certificate = key ? unsigned_certificate(key.get(), "Lode cluster " + name, days) : nullptr;
  if (!certificate)
    return openssl_failed("the authority could not be made");
  if (auto failed = sign(certificate.get(), certificate.get(), key.get(), true))
    return failed;
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
    return wrong(errc::bad_argument, directory + " cannot be made: " + std::strerror(errno) + "; give another --directory");
  return write_pair(authority_in(directory), certificate.get(), key.get());
}

caf::expected<certificate_files> issue_certificate(const std::string& directory, const std::string& node, uint32_t days) {
  if (auto bad = check_input("node", node))
    return bad;
  const auto from = authority_in(directory);
  const std::string advice = "make the cluster's authority with: lode cluster init --directory " + directory;
  auto authority = read_certificate("", from.certificate, advice);
  if (!authority)
    return authority.error();
  auto authority_key = read_key("", from.key, advice);
  if (!authority_key)
    return authority_key.error();
  if (X509_check_private_key(authority->get(), authority_key->get()) != 1)
    return wrong(errc::bad_argument, from.key + " is not the key of " + from.certificate + "; they are made together by lode cluster init");
  const auto left = std::chrono::duration_cast<std::chrono::hours>(time_left(authority->get())).count() / 24;
  if (left < 1)
    return wrong(errc::bad_argument, from.certificate + " is over within a day; make a new authority with lode cluster init in another "
                                       "directory, and new certificates for all nodes");
  key_ptr key{EVP_EC_gen("P-256")};
  auto certificate = key ? unsigned_certificate(key.get(), node, std::min(days, static_cast<uint32_t>(left))) : nullptr;
  if (!certificate)
    return openssl_failed("the certificate could not be made");
  if (auto failed = sign(certificate.get(), authority->get(), authority_key->get(), false))
    return failed;
  return write_pair({directory + "/" + node + ".pem", directory + "/" + node + ".key"}, certificate.get(), key.get());
}

caf::expected<std::chrono::seconds> check_certificates(const node_certificates& files) {
  const std::string advice = "make it with: lode cluster certificate NODE --directory D";
  const std::string about_authority = "copy ca.pem here from where `lode cluster init` made it";
  auto authority = read_certificate("cluster.ca_file", files.ca_file, about_authority);
  if (!authority)
    return authority.error();
  auto certificate = read_certificate("cluster.certificate_file", files.certificate_file, advice);
  if (!certificate)
    return certificate.error();
  auto key = read_key("cluster.key_file", files.key_file, advice);
  if (!key)
    return key.error();
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    ERR_clear_error();
    return wrong(errc::bad_argument, "cluster.key_file (" + files.key_file + ") is not the key of cluster.certificate_file ("
                                       + files.certificate_file + "); `lode cluster certificate NODE` makes them together");
  }
  const auto left = std::min(time_left(authority->get()), time_left(certificate->get()));
  if (auto failed = check_signature(certificate->get(), authority->get(), files, advice))
    return failed;
  return left;
}

} // namespace lode

#include <openssl/err.h>
#include <openssl/ssl.h>

// CAF 0.18.7 asks SSL_get_error() without emptying OpenSSL's error queue first, and never empties it. The queue is the thread's,
// and one thread serves all links: a single failed handshake (a port scan, a node of another authority) leaves an error there,
// and each healthy link that reads next is taken for broken. The linker puts these in the place of OpenSSL's functions
// (--wrap, see CMakeLists.txt): what OpenSSL's manual demands of the caller. `peer_links_test` shows it.
extern "C" {

int __real_SSL_read(SSL* ssl, void* to, int size);
int __real_SSL_write(SSL* ssl, const void* from, int size);
int __real_SSL_connect(SSL* ssl);
int __real_SSL_accept(SSL* ssl);

int __wrap_SSL_read(SSL* ssl, void* to, int size) {
  ERR_clear_error();
  return __real_SSL_read(ssl, to, size);
}

int __wrap_SSL_write(SSL* ssl, const void* from, int size) {
  ERR_clear_error();
  return __real_SSL_write(ssl, from, size);
}

int __wrap_SSL_connect(SSL* ssl) {
  ERR_clear_error();
  return __real_SSL_connect(ssl);
}

int __wrap_SSL_accept(SSL* ssl) {
  ERR_clear_error();
  return __real_SSL_accept(ssl);
}

} // extern "C"

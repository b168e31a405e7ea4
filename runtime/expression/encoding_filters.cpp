#include <boost/algorithm/hex.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <iterator>

#include "runtime/base64.hpp"
#include "runtime/expression/filters.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/expression/text_functions.hpp"

namespace lode::expression {

namespace {

value urlencode(evaluation& run, function_arguments given) {
  if (!given[0].is(kind::map) && !given[0].is(kind::list))
    return url_encode(to_text(given[0]), "/", false);
  std::string out;
  for (auto& each : given[0].is(kind::map) ? pairs_of(given[0].map()) : given[0].list()) {
    if (!each.is(kind::list) || each.list().size() != 2)
      return run.fail("urlencode expects text, a map or a list of pairs");
    out += (out.empty() ? "" : "&") + url_encode(to_text(each.list()[0]), "", true) + "="
           + url_encode(to_text(each.list()[1]), "", true);
  }
  return out;
}

value base64encode(evaluation& run, function_arguments given) {
  if (!given[0].is(kind::string))
    return run.fail("base64encode expects text, found " + std::string{kind_name(given[0].kind())});
  return base64_encode(given[0].string());
}

value base64decode(evaluation& run, function_arguments given) {
  auto bytes = given[0].is(kind::string) ? base64_decode(given[0].string()) : std::nullopt;
  if (!bytes)
    return run.fail("base64decode expects base64 text");
  return std::move(*bytes);
}

std::string hexadecimal(const unsigned char* bytes, size_t size) {
  std::string out;
  boost::algorithm::hex_lower(bytes, bytes + size, std::back_inserter(out));
  return out;
}

value hash(evaluation& run, function_arguments given) {
  constexpr std::string_view known[] = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"};
  auto name = text_or(given[1], "md5");
  if (std::find(std::begin(known), std::end(known), name) == std::end(known))
    return run.fail("unknown hash '" + name.substr(0, 20) + "'; known: md5, sha1, sha224, sha256, sha384, sha512");
  auto text = to_text(given[0]) + (is_true(given[2]) ? to_text(given[2]) : "");
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_get_digestbyname(name.c_str()), nullptr) != 1)
    return run.fail("the hash '" + name + "' is not available on this machine");
  return hexadecimal(digest, size);
}

value hmac(evaluation& run, function_arguments given) {
  if (text_or(given[2], "sha256") != "sha256")
    return run.fail("hmac knows sha256 only, found '" + to_text(given[2]).substr(0, 20) + "'");
  auto key = to_text(given[1]), text = to_text(given[0]);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest, &size);
  return hexadecimal(digest, size);
}

constexpr function_row rows[] = {
  {"urlencode", "", 0, urlencode},     {"base64encode", "", 0, base64encode}, {"base64decode", "", 0, base64decode},
  {"hash", "hash_type salt", 0, hash}, {"hmac", "key hash_type", 1, hmac},
};

} // namespace

std::span<const function_row> encoding_filters() {
  return rows;
}

} // namespace lode::expression

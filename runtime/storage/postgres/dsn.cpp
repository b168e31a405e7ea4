#include "runtime/storage/postgres/dsn.hpp"

#include <libpq-fe.h>

#include <memory>
#include <string_view>

#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

struct free_options {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using parsed_dsn = std::unique_ptr<PQconninfoOption, free_options>;

/// Anything else is the name of a database to libpq.
bool is_connection_string(const std::string& dsn) {
  return dsn.starts_with("postgresql://") || dsn.starts_with("postgres://") || dsn.find('=') != std::string::npos;
}

std::string value_of(const parsed_dsn& options, std::string_view keyword) {
  for (const auto* option = options.get(); option && option->keyword; ++option)
    if (keyword == option->keyword)
      return option->val ? option->val : "";
  return {};
}

/// libpq's reason up to the first thing that it quotes of the text. Single letters stay: `missing "=" after ***`.
std::string without_quotes(std::string reason) {
  while (reason.ends_with('\n'))
    reason.pop_back();
  for (auto at = reason.find('"'); at != std::string::npos; at = reason.find('"', at + 3))
    if (at + 2 >= reason.size() || reason[at + 2] != '"')
      return reason.substr(0, at) + "***";
  return reason;
}

caf::error wrong(const std::string& what) {
  return store_error(errc::bad_argument, "store.dsn: " + what
                                           + "; expected name=value pairs, values with spaces in single quotes, or a postgresql:// URI, special "
                                             "characters as %XX (the text is not shown, it may hold a password)");
}

} // namespace

caf::error check_dsn(const std::string& dsn) {
  if (!is_connection_string(dsn))
    return dsn.find_first_of("@/: ") == std::string::npos ? caf::error{} : wrong("it is neither");
  char* reason = nullptr;
  parsed_dsn options{PQconninfoParse(dsn.c_str(), &reason)};
  std::unique_ptr<char, void (*)(void*)> owner{reason, PQfreemem};
  if (!options)
    return wrong(reason ? without_quotes(reason) : "it cannot be read");
  // A password whose @, : or / is not encoded ends up in host and port, which libpq would show.
  auto host = value_of(options, "host");
  if (!host.starts_with('/') && host.find('@', 1) != std::string::npos)
    return wrong("the host holds an @");
  if (value_of(options, "port").find_first_not_of("0123456789,") != std::string::npos)
    return wrong("the port is no number");
  return {};
}

std::string without_passwords(std::string text, const std::string& dsn) {
  constexpr size_t shortest = 4; // shorter ones would tear ordinary words apart
  constexpr std::string_view hidden = "***";
  parsed_dsn options{PQconninfoParse(dsn.c_str(), nullptr)};
  for (auto keyword : {"password", "sslpassword"}) {
    auto secret = value_of(options, keyword);
    if (secret.size() < shortest)
      continue;
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + hidden.size()))
      text.replace(at, secret.size(), hidden);
  }
  return text;
}

} // namespace lode

#pragma once

#include <boost/json/value.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "runtime/node/extensions.hpp"

namespace lode {

class api_client;
struct api_reply;

/// What `lode` returns to the shell.
enum exit_code : int {
  exit_ok = 0,
  exit_failed = 1,
  exit_usage = 2,       ///< wrong arguments, configuration or input
  exit_no_node = 3,     ///< no node answers
  exit_not_found = 4,
  exit_conflict = 5,    ///< the state does not allow it, or it stands otherwise than expected
  exit_not_allowed = 6, ///< the node wants a token
  exit_try_later = 7,   ///< the node answers, its database does not
};

/// What all commands share: the options before the command's name.
struct cli_context {
  explicit cli_context(const extensions& known) : known(known) {}

  const extensions& known;
  bool as_json = false;
  std::string node;   ///< http://address:port
  std::string token_file;
  std::string config_file;
  std::vector<std::string> assignments;
  /// Set by the command that was chosen; runs after parsing.
  std::function<int()> chosen;

  /// Settings from file, environment and --set; prints all mistakes and returns nothing when there are any.
  std::unique_ptr<settings> load() const;
  /// A client of the node that the options name; prints all mistakes and returns nothing when there are any.
  std::unique_ptr<api_client> client() const;
};

/// Prints `error: message` on standard error and returns `code`.
int complain(exit_code code, const std::string& message);

/// Asks the node and, on success, prints: the answer itself with --json, else what `show` makes of it. Returns the exit
/// code that fits the answer.
int ask(const cli_context& context, const std::string& method, const std::string& path, const std::string& body,
        const std::function<void(const boost::json::value&)>& show);

/// Says why `reply` is no success; returns the exit code for it.
int report(const cli_context& context, const api_client& client, const api_reply& reply);

/// The content of a file, "-" = standard input. False when it can't be read (told).
bool read_file(const std::string& path, std::string& out);

/// `text` as one segment of a path.
std::string path_segment(const std::string& text);
/// /api/v1/tenants/TENANT/connections/CONNECTION
std::string connection_path(const std::string& tenant, const std::string& connection);

} // namespace lode

#pragma once

#include <boost/json/value.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "runtime/exit_code.hpp"
#include "runtime/node/extensions.hpp"

namespace lode {

class api_client;
struct api_reply;

/// What all commands share: the options before the command's name.
struct cli_context {
  explicit cli_context(const extensions& known) : known(known) {}

  const extensions& known;
  bool as_json = false;
  std::string node;       ///< http://address:port or https://
  std::string token_file; ///< holds the token itself
  std::string ca_file;
  std::string config_file;
  std::vector<std::string> assignments;
  /// Set by the command that was chosen; runs after parsing.
  std::function<int()> chosen;

  /// Settings from file, environment and --set; tells all mistakes and returns nothing when there are any.
  std::unique_ptr<settings> load() const;
  /// A client of the node that the options name; tells all mistakes and returns nothing when there are any.
  std::unique_ptr<api_client> client() const;
};

/// Tells on standard error what went wrong and returns `code`: for people `error: message`, with --json one object
/// {"title", "detail", "code"} in the form and with the codes of the API. Credentials are taken out.
int complain(const cli_context& context, exit_code code, const std::string& message);
/// Several at once: a line for each, with --json in one object.
int complain(const cli_context& context, exit_code code, const std::vector<std::string>& messages);

/// Says why `reply` is no success, with --json in the node's own words; returns the exit code for it.
int report(const cli_context& context, const api_client& client, const api_reply& reply);

/// The answer to a call, when it is a success and whole JSON; otherwise nothing, and `code` is what report() returned.
std::optional<boost::json::value> answer_in(const cli_context& context, const api_client& client, const api_reply& reply,
                                            int& code);

/// Asks the node and, on success, prints: the answer itself with --json, else what `show` makes of it. Returns the exit
/// code that fits the answer.
int ask(const cli_context& context, const std::string& method, const std::string& path, const std::string& body,
        const std::function<void(const boost::json::value&)>& show);

inline constexpr const char* command_id_help = "To repeat a command whose outcome is not known: under one id it is done once";

/// The same for what is to be done once: under `command`, else under an id made here. When nobody knows whether it was done, it
/// says how to repeat it; with --json the error has the id as "command".
int ask_once(const cli_context& context, const std::string& path, const std::string& body, std::string command,
             const std::function<void(const boost::json::value&)>& show);

/// The content of a file, "-" = standard input. False when it can't be read, is a folder or holds nothing (told).
bool read_file(const cli_context& context, const std::string& path, std::string& out);

/// "--limit 5 ", for the line that says how to get more; "" for the usual limit.
std::string limit_option(size_t limit, size_t usual);

/// `text` as one segment of a path.
std::string path_segment(const std::string& text);
/// /api/v1/tenants/TENANT/connections/CONNECTION
std::string connection_path(const std::string& tenant, const std::string& connection);

} // namespace lode

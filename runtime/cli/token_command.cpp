#include <boost/json.hpp>

#include <iostream>

#include "messages/type_ids.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/console/access_tokens.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct token_options {
  std::string file;
  bool adds = false;
};

/// The token goes to standard output alone, so that it can be redirected to where it is kept.
int make(cli_context& context, const token_options& options) {
  auto token = make_token(options.file, options.adds);
  if (!token)
    return complain(context, exit_code_of(code_of(token.error())), message_of(token.error()));
  if (context.as_json) {
    std::cout << json::serialize(json::object{{"token", *token}, {"file", options.file}}) << "\n";
    return exit_ok;
  }
  std::cout << *token << std::endl;
  std::cerr << "this token is shown only now; " << options.file << " holds its hash: name it in console.token_file and start the node again. "
            << "Whoever asks the node gives the token: --token-file or LODE_TOKEN, over HTTP the header Authorization: Bearer TOKEN\n";
  return exit_ok;
}

} // namespace

void add_token_command(command program, cli_context& context) {
  auto token = program.group("token", "Tokens that let others than this machine's programs ask a node");
  add_command<token_options>(
    token, context, "new", "Make a token, print it once and keep its hash; needs no node",
    "  (umask 077 && lode token new /etc/lode/tokens > lode.token)\n  lode token new /etc/lode/tokens --add > grafana.token",
    [](command& c, token_options& o) {
      c.argument("FILE", o.file, "Holds the hashes of tokens; named in console.token_file");
      c.flag("--add", o.adds, "Keep the tokens that are there and add one; a line removed is a token taken back");
    },
    make);
}

} // namespace lode

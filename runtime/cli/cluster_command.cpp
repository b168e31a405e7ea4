#include <boost/json.hpp>

#include <iostream>

#include "messages/type_ids.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/security/certificates.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

namespace json = boost::json;

struct init_options {
  std::string directory;
  std::string name = "lode";
  uint32_t days = 3'650;
};
struct certificate_options {
  std::string node;
  std::string directory;
  uint32_t days = 825;
};

constexpr option_range days_range{1, 36'500};

int told(const cli_context& context, const caf::expected<certificate_files>& made, const std::string& what_next) {
  if (!made)
    return complain(context, exit_code_of(code_of(made.error())), message_of(made.error()));
  if (context.as_json)
    std::cout << json::serialize(json::object{{"certificate", made->certificate}, {"key", made->key}}) << "\n";
  else
    std::cout << "certificate " << made->certificate << "\nkey " << made->key << "\n" << what_next << "\n";
  return exit_ok;
}

int init(cli_context& context, const init_options& options) {
  if (options.directory.empty())
    return complain(context, exit_usage, "--directory is missing: where the cluster's authority is to be kept");
  return told(context, make_authority(options.directory, options.name, options.days),
              "keep the key away from the nodes: whoever has it can make nodes. Next: lode cluster certificate NODE --directory "
                + options.directory);
}

int certificate(cli_context& context, const certificate_options& options) {
  if (options.directory.empty())
    return complain(context, exit_usage, "--directory is missing: where `lode cluster init` has put the cluster's authority");
  return told(context, issue_certificate(options.directory, options.node, options.days),
              "copy both and " + options.directory + "/ca.pem to " + options.node
                + " and name them there in cluster.certificate_file, cluster.key_file and cluster.ca_file");
}

} // namespace

void add_cluster_command(command program, cli_context& context) {
  auto cluster = program.group("cluster", "Several nodes that share the work");
  add_command<init_options>(
    cluster, context, "init", "Make the authority whose certificates let nodes talk to each other; needs no node",
    "  lode cluster init --directory /etc/lode/cluster --name prod",
    [](command& c, init_options& o) {
      c.option("--directory", o.directory, "Where ca.pem and ca.key are written; nothing is overwritten");
      c.option("--name", o.name, "Of the cluster, for people who read the certificate");
      c.option("--days", o.days, "How long it holds", days_range);
    },
    init);
  add_command<certificate_options>(
    cluster, context, "certificate", "Make a node's certificate and key; needs no node",
    "  lode cluster certificate n1 --directory /etc/lode/cluster",
    [](command& c, certificate_options& o) {
      c.argument("NODE", o.node, "Its name");
      c.option("--directory", o.directory, "Where ca.pem and ca.key are; NODE.pem and NODE.key are written there");
      c.option("--days", o.days, "How long it holds, at most as long as the authority", days_range);
    },
    certificate);
}

} // namespace lode

#pragma once

#include <boost/json/object.hpp>
#include <caf/expected.hpp>

#include <string>

#include "runtime/console/router.hpp"

namespace lode {

class body_reader;

/// A connection as a client describes it.
struct connection_input {
  std::string name;
  std::string source;
  std::string configuration; ///< JSON object
  std::string secrets;       ///< JSON object; "" = as they are
  std::optional<std::string> schedule; ///< JSON object; "" = when triggered only; absent = the node's default
  std::optional<std::vector<std::string>> streams; ///< absent = all of the source
};

/// Takes source, configuration, secrets, schedule and streams from `body`.
connection_input read_connection(std::string name, body_reader& body);

/// A connection that may be stored.
struct checked_connection {
  connection_row row;
  std::optional<instant> first_due;
  bool is_new = true;
};

/// Checks `input` against its source (its streams, its spec, no secret outside "secrets") and its schedule, all mistakes at once, and
/// seals the secrets. `tenant`: where one of this name may be already. Errors never quote a secret.
caf::expected<checked_connection> check_connection(std::optional<tenant_id> tenant, connection_input input, api_context& context);
/// Stores it and tells the node.
caf::expected<connection_row> store_connection(const tenant_row& tenant, const checked_connection& checked, api_context& context);

/// The sealed form of a JSON object of secrets.
caf::expected<std::string> seal_secrets(const std::string& secrets, api_context& context);

/// As the API shows it: secrets by name with *** for values.
boost::json::object shown_connection(const connection_row& row, api_context& context);

} // namespace lode

#pragma once

#include <string>
#include <vector>

#include "messages/extraction.hpp"
#include "runtime/http/http_client.hpp"
#include "runtime/security/secret_mask.hpp"
#include "runtime/storage/standing_store.hpp"

namespace lode {

/// What people may be shown of a connection: without the values of its secrets, and these beside them.
secret_mask mask_of(const connection_context& connection, std::vector<std::string> more = {});

/// A call that brought nothing, as it was told: masked, and cut to 2 KiB each.
struct failed_call {
  const connection_context& connection;
  stream_id stream{};
  run_id run{};
  std::string partition{};
  instant at{};
  int64_t attempt = 1;
  std::string text{};                      ///< what is wrong
  const http_request* request = nullptr;   ///< null: it is not known
  const http_response* response = nullptr; ///< null: there was none
  std::vector<std::string> secrets{};      ///< beside those of the connection: its access token
  bool shows_body = true;                  ///< false: it may hold new secrets
};
call_error described(const failed_call& call);

} // namespace lode

#include "tests/simapi/live/hook_challenge.hpp"

#include "tests/simapi/live/hook_client.hpp"
#include "tests/simapi/live/signature.hpp"

namespace simapi {

boost::asio::awaitable<std::optional<std::string>> challenge_hooks(std::set<std::string> urls, uint64_t seed) {
  hook_client client;
  for (const auto& each : urls) {
    auto to = parse_hook_url(each);
    if (!to)
      co_return "url: found '" + each + "', expected http://HOST:PORT/PATH";
    auto token = to_hex(hmac_sha256(std::to_string(seed), each)).substr(0, 32);
    hook_request asked;
    asked.method = "GET";
    asked.to = *to;
    asked.to.path += (to->path.find('?') == std::string::npos ? "?" : "&") + ("challenge=" + token);
    asked.timeout_ms = 5000;
    auto answer = co_await client.ask(asked);
    if (answer.status != 200 || answer.body != token)
      co_return "challenge of " + each + ": found "
        + (answer.status == 0 ? answer.problem : "status " + std::to_string(answer.status) + " and '" + answer.body.substr(0, 80) + "'")
        + ", expected 200 and '" + token + "'";
  }
  co_return std::nullopt;
}

} // namespace simapi

#include "tests/simapi/live/control_waits.hpp"

#include "tests/simapi/live/commands.hpp"
#include "tests/simapi/live/hook_challenge.hpp"
#include "tests/simapi/commands.hpp"
#include "tests/simapi/transport.hpp"

#include <boost/json.hpp>

namespace simapi {
namespace {

namespace json = boost::json;

/// The URLs to be challenged; none if the body is refused by the command itself.
std::set<std::string> urls_to_challenge(simulation& sim, const std::string& body) {
  boost::system::error_code error;
  auto parsed = json::parse(body, error);
  std::set<std::string> urls;
  if (error || !parsed.is_object())
    return urls;
  bool challenge = true;
  std::scoped_lock lock{sim.mutex};
  try {
    for (auto& each : read_hooks(sim, parsed.get_object(), challenge))
      urls.insert(each.text);
  } catch (const command_error&) {
    return {};
  }
  return challenge ? urls : std::set<std::string>{};
}

asio::awaitable<void> wait_until_settled(simulation& sim, uint64_t most_ms) {
  constexpr uint64_t pause = 5;
  for (uint64_t waited = 0; waited < most_ms; waited += pause) {
    {
      std::scoped_lock lock{sim.mutex};
      if (sim.live.waiting() == 0)
        co_return;
    }
    co_await wait(pause);
  }
}

} // namespace

asio::awaitable<std::optional<control_reply>>
wait_before_control(simulation& sim, bool post, const std::string& target, const std::string& body) {
  auto path = target.substr(0, target.find('?'));
  if (post && path == "/control/hooks") {
    auto problem = co_await challenge_hooks(urls_to_challenge(sim, body), sim.config.seed);
    if (problem) {
      control_reply refused;
      refused.status = 409;
      refused.body = json::serialize(json::object{{"error", *problem}});
      co_return refused;
    }
  }
  if (!post && path == "/control/live/settled") {
    parameters query{std::string_view{target}.substr(std::min(path.size() + 1, target.size()))};
    const auto* most = query.find("timeout_ms");
    co_await wait_until_settled(sim, most ? std::strtoull(most->c_str(), nullptr, 10) : 0);
  }
  co_return std::nullopt;
}

} // namespace simapi

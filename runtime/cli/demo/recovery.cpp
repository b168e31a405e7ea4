#include "runtime/cli/demo/recovery.hpp"

namespace lode::demo {

namespace {

/// No node starts so quickly. What is served within this time answers requests of the killed one.
constexpr int64_t aftermath_ms = 150;

} // namespace

recovery::recovery(int64_t killed_at, std::set<std::string> unfinished)
  : killed_at_(killed_at), last_(killed_at), waiting_(std::move(unfinished)) {}

void recovery::observe(const api_traffic& traffic) {
  for (auto i = waiting_.begin(); i != waiting_.end();) {
    auto found = traffic.tenants.find(*i);
    auto went_on = found != traffic.tenants.end() && found->second.last_request_at > killed_at_
                   && found->second.last_served_at > killed_at_ + aftermath_ms;
    if (went_on)
      last_ = std::max(last_, found->second.last_served_at);
    i = went_on ? waiting_.erase(i) : std::next(i);
  }
}

void recovery::is_done(const std::string& tenant) {
  waiting_.erase(tenant);
}

} // namespace lode::demo

#include "runtime/cli/demo/recovery.hpp"

namespace lode::demo {

recovery::recovery(int64_t killed_at, std::set<std::string> unfinished, int64_t aftermath_ms)
  : killed_at_(killed_at), aftermath_ms_(aftermath_ms), last_(killed_at), waiting_(std::move(unfinished)) {}

void recovery::observe(const api_traffic& traffic) {
  for (auto i = waiting_.begin(); i != waiting_.end();) {
    auto found = traffic.tenants.find(*i);
    auto went_on = found != traffic.tenants.end() && found->second.last_request_at > killed_at_
                   && found->second.last_served_at > killed_at_ + aftermath_ms_;
    if (went_on)
      last_ = std::max(last_, found->second.last_served_at);
    i = went_on ? waiting_.erase(i) : std::next(i);
  }
}

void recovery::is_done(const std::string& tenant) {
  waiting_.erase(tenant);
}

} // namespace lode::demo

#include "runtime/node/actor_census.hpp"

#include <algorithm>

namespace lode {

std::string parent_of(const std::string& name) {
  static const std::map<std::string, std::string> parents{
    {"lode.tenant-supervisor", "lode.shard-region"},  {"lode.miner", "lode.tenant-supervisor"},
    {"lode.sweeper", "lode.tenant-supervisor"},       {"lode.credential-keeper", "lode.tenant-supervisor"},
    {"lode.capture", "lode.tenant-supervisor"},       {"lode.websocket-listener", "lode.capture"},
    {"lode.webhook-listener", "lode.capture"},        {"lode.rechecker", "lode.capture"},
    {"lode.listener", "lode.capture"},
  };
  if (name.starts_with("lode.sink."))
    return "lode.courier";
  // Kinds that Lode does not bring stand where their kin stand: lode.miner.soap, lode.listener.mqtt.
  const auto kin = name.substr(0, name.find('.', std::string_view{"lode."}.size()));
  auto i = parents.find(kin);
  return i == parents.end() ? std::string{} : i->second;
}

void actor_census::change(const std::string& name, int64_t by) {
  std::lock_guard lock{mutex_};
  by_name_[name].running += by;
}

void actor_census::restarted(const std::string& name) {
  std::lock_guard lock{mutex_};
  ++by_name_[name].restarts;
}

void actor_census::complete(std::vector<actor_figures>& figures, const activity_board& board) const {
  std::map<std::string, counted> all;
  {
    std::lock_guard lock{mutex_};
    for (const auto& [name, each] : by_name_)
      if (name.starts_with("lode.")) // what has no name of ours is CAF's
        all[name] = each;
  }
  for (const auto& [name, found] : board.counts()) {
    auto& each = all[name];
    each.running += found.running;
    each.restarts += found.restarts;
  }
  for (const auto& [name, each] : all) {
    auto i = std::find_if(figures.begin(), figures.end(), [&](const auto& x) { return x.name == name; });
    if (i == figures.end()) {
      if (each.running == 0 && each.restarts == 0)
        continue;
      i = figures.insert(figures.end(), actor_figures{name});
    }
    i->running = each.running;
    i->restarts = each.restarts;
  }
  for (auto& each : figures)
    each.parent = parent_of(each.name);
  std::sort(figures.begin(), figures.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
}

} // namespace lode

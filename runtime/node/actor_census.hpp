#pragma once

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/local_actor.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "actors/supervision/activity_board.hpp"
#include "messages/node_status.hpp"

namespace lode {

/// How many of the node's shared actors run, by name, and how often one ended by a defect. Those that work for tenants count
/// themselves on the activity board. Any thread; outlives the actors.
class actor_census {
public:
  template <class Handle>
  void count(const Handle& handle) {
    auto* actor = caf::actor_cast<caf::abstract_actor*>(handle);
    auto* named = dynamic_cast<caf::local_actor*>(actor);
    const std::string name = named ? named->name() : "";
    change(name, 1);
    actor->attach_functor([this, name] { change(name, -1); });
  }
  void restarted(const std::string& name);

  /// Puts into `figures`, which CAF has filled by name, who runs, below whom, and how often it was restarted; in the order of names.
  void complete(std::vector<actor_figures>& figures, const activity_board& board) const;

private:
  struct counted {
    int64_t running = 0;
    int64_t restarts = 0;
  };
  void change(const std::string& name, int64_t by);

  mutable std::mutex mutex_;
  std::map<std::string, counted> by_name_;
};

/// Who spawns actors of this name; "": the node. Mirrors messages/actors.hpp.
std::string parent_of(const std::string& name);

} // namespace lode

#include "actors/scheduling/refresh_turns.hpp"

#include <algorithm>
#include <vector>

namespace lode {

void refresh_turns::enter(connection_id connection, const caf::actor_addr& asker, std::function<void()> begin) {
  auto& queue = queues_[connection];
  queue.push_back({asker, begin});
  if (queue.size() == 1)
    begin(); // may leave at once: nothing of the queue is touched behind it
}

void refresh_turns::leave(connection_id connection, const caf::actor_addr& asker) {
  auto found = queues_.find(connection);
  if (found == queues_.end())
    return;
  auto& queue = found->second;
  auto had_turn = queue.front().asker == asker;
  std::erase_if(queue, [&](const entry& each) { return each.asker == asker; });
  if (queue.empty()) {
    queues_.erase(found);
  } else if (had_turn) {
    auto begin = queue.front().begin;
    begin();
  }
}

void refresh_turns::forget(const caf::actor_addr& gone) {
  std::vector<connection_id> connections;
  for (const auto& [connection, queue] : queues_)
    if (std::ranges::count(queue, gone, &entry::asker) > 0)
      connections.push_back(connection);
  for (auto connection : connections)
    leave(connection, gone);
}

} // namespace lode

#include "cluster/sharding/command_routing.hpp"

#include <algorithm>

#include "messages/actors.hpp"

namespace lode {

command_way way_of(shard_id shard, const shard_table* table, const cluster_view* view, incarnation self) {
  const auto index = static_cast<size_t>(shard.value);
  if (!table || index >= table->owners.size())
    return {command_way::nowhere, {}, {}, "this node has not read yet which node owns its shard"};
  const auto owner = table->owners[index];
  if (!owner)
    return {command_way::nowhere, {}, {}, "no node owns its shard at the moment"};
  if (owner == self)
    return {command_way::here, owner, {}, {}};
  if (view)
    for (const auto& row : view->nodes)
      if (row.self == owner && row.state != node_state::gone)
        return {command_way::peer, owner, row.name, {}};
  return {command_way::nowhere, {}, {}, "the node that owns its shard is gone; another one will take it over"};
}

std::string id_mistake(const std::string& id) {
  constexpr size_t most = 64;
  if (id.empty() || id.size() > most)
    return "the id of a command has " + std::to_string(id.size()) + " characters, expected 1 to " + std::to_string(most);
  const bool is_plain = std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 127; });
  return is_plain ? std::string{} : "the id of a command has characters that are not printable ASCII without spaces";
}

bool is_repeatable(const tenant_command& command) {
  return std::holds_alternative<hear_webhook>(command.command) || std::holds_alternative<successor_listens>(command.command)
         || std::holds_alternative<connection_changed>(command.command) || std::holds_alternative<listen>(command.command)
         || std::holds_alternative<cancel_run>(command.command) || std::holds_alternative<replay_dead_letter>(command.command);
}

size_t bytes_of(const ask_tenant& ask) {
  constexpr size_t fixed = 512;
  size_t result = fixed + ask.id.size();
  if (auto* cancel = std::get_if<cancel_run>(&ask.command.command))
    result += cancel->reason.size();
  if (auto* webhook = std::get_if<hear_webhook>(&ask.command.command)) {
    result += webhook->request.target.size() + webhook->request.body.size();
    for (const auto& [name, value] : webhook->request.headers)
      result += name.size() + value.size();
  }
  return result;
}

bool waiting_room::add(shard_id shard, uint64_t number, size_t bytes, time_point until, bool is_repeatable) {
  if (count_ >= bounds_.count || bytes_ + bytes > (is_repeatable ? bounds_.bytes / 2 : bounds_.bytes))
    return false;
  // One that comes back (its owner said: not mine) was before those that came meanwhile; numbers grow with arrival.
  auto& line = shards_[shard];
  auto place = std::find_if(line.begin(), line.end(), [&](const auto& w) { return w.number > number; });
  line.insert(place, {number, bytes, until});
  ++count_;
  bytes_ += bytes;
  return true;
}

void waiting_room::leave(const waiting& w) {
  --count_;
  bytes_ -= w.bytes;
}

std::vector<uint64_t> waiting_room::take_all() {
  std::vector<uint64_t> out;
  for (const auto& [shard, line] : shards_)
    for (const auto& w : line)
      out.push_back(w.number);
  shards_.clear();
  count_ = bytes_ = 0;
  return out;
}

std::vector<uint64_t> waiting_room::take_expired(time_point now) {
  std::vector<uint64_t> out;
  for (auto i = shards_.begin(); i != shards_.end();) {
    auto& line = i->second;
    for (auto w = line.begin(); w != line.end();) {
      if (w->until > now) {
        ++w;
        continue;
      }
      out.push_back(w->number);
      leave(*w);
      w = line.erase(w);
    }
    i = line.empty() ? shards_.erase(i) : std::next(i);
  }
  return out;
}

} // namespace lode

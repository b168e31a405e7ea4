#include <algorithm>

#include "runtime/storage/memory/memory_state.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using state = memory_database::state;

class memory_sink_store final : public sink_store {
public:
  memory_sink_store(std::shared_ptr<state> db, incarnation self) : db_(std::move(db)), self_(self) {}

  caf::expected<bool> put_sink(const new_sink& wanted) override {
    return guarded<bool>([&]() -> caf::expected<bool> {
      auto found = find(wanted.name);
      const bool is_new = found == db_->sinks.end();
      if (is_new) {
        found = db_->sinks.emplace(sink_id{++db_->last_sink}, state::sink_entry{}).first;
        found->second.row.id = found->first;
        for (const auto& [id, shard] : db_->shards)
          if (auto place = wanted.from_now ? shard.feed_seq : shard.feed_trimmed; place > 0)
            found->second.cursors[id].position = place;
      }
      auto& row = found->second.row;
      ++row.version;
      row.name = wanted.name;
      row.kind = wanted.kind;
      row.streams = wanted.streams;
      row.sealed = wanted.sealed;
      if (row.state == activity::suspended)
        set_state(found->second, activity::active, "");
      for (auto& [id, cursor] : found->second.cursors)
        cursor.retry_at.reset();
      return is_new;
    });
  }

  caf::expected<std::vector<sink_standing>> list_sinks() override {
    return guarded<std::vector<sink_standing>>([&]() -> caf::expected<std::vector<sink_standing>> {
      std::vector<sink_standing> out;
      for (const auto& [id, entry] : db_->sinks)
        out.push_back(standing_of(entry));
      std::ranges::sort(out, {}, [](const auto& each) { return each.sink.name; });
      return out;
    });
  }

  caf::error remove_sink(const std::string& name) override {
    return changed(name, [&](auto found) { db_->sinks.erase(found); });
  }
  caf::error pause_sink(const std::string& name) override {
    return changed(name, [&](auto found) { set_state(found->second, activity::paused, ""); });
  }
  caf::error resume_sink(const std::string& name) override {
    return changed(name, [&](auto found) { set_state(found->second, activity::active, ""); });
  }

  caf::expected<std::vector<sink_row>> active_sinks() override {
    return guarded<std::vector<sink_row>>([&]() -> caf::expected<std::vector<sink_row>> {
      std::vector<sink_row> out;
      for (const auto& [id, entry] : db_->sinks)
        if (entry.row.state == activity::active)
          out.push_back(entry.row);
      return out;
    });
  }

  caf::expected<std::vector<delivery_claim>> claim(const std::vector<claim_order>& orders,
                                                   std::chrono::microseconds hold) override {
    return guarded<std::vector<delivery_claim>>([&]() -> caf::expected<std::vector<delivery_claim>> {
      std::vector<delivery_claim> out;
      for (const auto& order : orders)
        if (auto found = db_->sinks.find(order.sink);
            found != db_->sinks.end() && found->second.row.state == activity::active)
          claim_some(found->second, order.places, hold, out);
      return out;
    });
  }

  caf::expected<change_batch> read_changes(const delivery_claim& claim, const std::vector<std::string>& streams,
                                           const batch_limits& limits) override {
    return guarded<change_batch>([&]() -> caf::expected<change_batch> {
      if (db_->fails_with(memory_fault::unreadable_feed))
        return store_error(errc::store_unavailable, "injected: the feed is not read in time");
      const auto& shard = db_->shards.at(claim.shard);
      if (claim.position < shard.feed_trimmed)
        return trimmed_beyond(claim.shard, claim.position, shard.feed_trimmed);
      change_batch out{db_->generation, shard.feed_seq, {}};
      size_t taken = 0, bytes = 0;
      for (const auto& entry : db_->feed[claim.shard]) {
        if (entry.seq <= claim.position)
          continue;
        if (taken == limits.changes || bytes >= limits.bytes) {
          out.upto = entry.seq - 1;
          break;
        }
        ++taken;
        if (auto change = shown(entry, streams)) {
          bytes += change->payload.size();
          out.changes.push_back(std::move(*change));
        }
      }
      return out;
    });
  }

  caf::error settle(const delivery_claim& claim, int64_t upto, int64_t delivered) override {
    auto done = guarded<bool>([&]() -> caf::expected<bool> {
      auto* cursor = cursor_of(claim);
      if (cursor && !cursor->holder && cursor->position >= upto)
        return true;
      if (!cursor || cursor->holder != self_ || upto > db_->shards.at(claim.shard).feed_seq)
        return store_error(errc::stale_version, "claim " + std::to_string(claim.claim) + " of shard "
                                                  + to_string(claim.shard) + " is not held any more");
      cursor->position = std::max(cursor->position, upto);
      cursor->holder = {};
      cursor->delivered += delivered;
      if (delivered > 0)
        cursor->delivered_at = db_->sink_time();
      cursor->failures = 0;
      cursor->failing_since.reset();
      cursor->retry_at.reset();
      cursor->error.clear();
      return true;
    });
    return done ? caf::error{} : done.error();
  }

  caf::error release(const delivery_claim& claim, const std::string& error, std::chrono::microseconds wait) override {
    auto done = guarded<bool>([&]() -> caf::expected<bool> {
      auto* cursor = cursor_of(claim);
      if (!cursor || cursor->holder != self_)
        return true;
      cursor->holder = {};
      if (error.empty())
        return true;
      ++cursor->failures;
      cursor->failing_since = cursor->failing_since.value_or(db_->sink_time());
      cursor->retry_at = db_->sink_time() + wait;
      cursor->error = error;
      return true;
    });
    return done ? caf::error{} : done.error();
  }

  caf::error release_all() override {
    auto done = guarded<bool>([&]() -> caf::expected<bool> {
      for (auto& [id, entry] : db_->sinks)
        for (auto& [shard, cursor] : entry.cursors)
          if (cursor.holder == self_)
            cursor.holder = {};
      return true;
    });
    return done ? caf::error{} : done.error();
  }

  caf::error suspend_sink(sink_id sink, int64_t version, const std::string& reason) override {
    auto done = guarded<bool>([&]() -> caf::expected<bool> {
      if (auto found = db_->sinks.find(sink); found != db_->sinks.end() && found->second.row.version == version
                                              && found->second.row.state == activity::active) {
        found->second.row.state = activity::suspended;
        found->second.row.reason = reason;
      }
      return true;
    });
    return done ? caf::error{} : done.error();
  }

  caf::expected<std::vector<sink_backlog>> backlog() override {
    return guarded<std::vector<sink_backlog>>([&]() -> caf::expected<std::vector<sink_backlog>> {
      std::vector<sink_backlog> out;
      for (const auto& [id, entry] : db_->sinks) {
        sink_backlog each{id};
        for (const auto& [shard, row] : db_->shards)
          each.changes += row.owner == self_ ? row.feed_seq - position_of(entry, shard) : 0;
        out.push_back(each);
      }
      return out;
    });
  }

private:
  template <class T, class Do>
  caf::expected<T> guarded(Do act) {
    std::lock_guard lock{db_->mutex};
    if (db_->is_unavailable())
      return store_error(errc::store_unavailable, "injected: the store does not answer");
    return act();
  }

  std::map<sink_id, state::sink_entry>::iterator find(const std::string& name) {
    return std::ranges::find_if(db_->sinks, [&](const auto& each) { return each.second.row.name == name; });
  }

  template <class Do>
  caf::error changed(const std::string& name, Do act) {
    auto done = guarded<bool>([&]() -> caf::expected<bool> {
      auto found = find(name);
      if (found == db_->sinks.end())
        return store_error(errc::not_found, "there is no sink \"" + name + "\"");
      act(found);
      return true;
    });
    return done ? caf::error{} : done.error();
  }

  static void set_state(state::sink_entry& sink, activity to, const std::string& reason) {
    sink.row.state = to;
    sink.row.reason = reason;
    if (to == activity::active)
      for (auto& [id, cursor] : sink.cursors)
        cursor.retry_at.reset();
  }

  static int64_t position_of(const state::sink_entry& sink, shard_id shard) {
    auto found = sink.cursors.find(shard);
    return found == sink.cursors.end() ? 0 : found->second.position;
  }

  sink_standing standing_of(const state::sink_entry& entry) const {
    sink_standing out{entry.row};
    out.sink.sealed.clear();
    for (const auto& [id, shard] : db_->shards) {
      const auto behind = shard.feed_seq - position_of(entry, id);
      out.changes_behind += behind;
      out.shards_behind += behind > 0 ? 1 : 0;
    }
    for (const auto& [id, cursor] : entry.cursors) {
      out.delivered += cursor.delivered;
      out.last_delivered = std::max(out.last_delivered, cursor.delivered_at);
      if (!cursor.failing_since)
        continue;
      ++out.shards_failing;
      out.error = cursor.error;
      out.failing_since = std::min(out.failing_since.value_or(*cursor.failing_since), *cursor.failing_since);
    }
    return out;
  }

  void claim_some(state::sink_entry& sink, size_t places, std::chrono::microseconds hold,
                  std::vector<delivery_claim>& out) {
    const auto now = db_->sink_time();
    std::vector<std::pair<instant, shard_id>> free;
    for (const auto& [id, shard] : db_->shards) {
      if (shard.owner != self_ || shard.feed_seq <= position_of(sink, id))
        continue;
      const auto& cursor = sink.cursors[id];
      const bool is_held = db_->is_alive(cursor.holder) && cursor.held_until > now;
      if (!is_held && (!cursor.retry_at || *cursor.retry_at <= now))
        free.emplace_back(cursor.held_until, id);
    }
    std::ranges::sort(free);
    free.resize(std::min(free.size(), places));
    for (const auto& [when, shard] : free) {
      auto& cursor = sink.cursors[shard];
      cursor.holder = self_;
      cursor.held_until = now + hold;
      out.push_back({sink.row.id, shard, ++cursor.claim, cursor.position, cursor.failures});
    }
  }

  /// Null unless its latest claim is this one.
  state::sink_cursor_row* cursor_of(const delivery_claim& claim) {
    auto sink = db_->sinks.find(claim.sink);
    if (sink == db_->sinks.end())
      return nullptr;
    auto cursor = sink->second.cursors.find(claim.shard);
    return cursor == sink->second.cursors.end() || cursor->second.claim != claim.claim ? nullptr : &cursor->second;
  }

  /// Nothing when the sink does not want it, or it is being erased.
  std::optional<delivered_change> shown(const feed_entry& entry, const std::vector<std::string>& streams) const {
    auto tenant = db_->tenants.find(entry.tenant);
    auto connection = db_->connections.find(entry.connection);
    auto stream = db_->streams.find(entry.stream);
    if (tenant == db_->tenants.end() || connection == db_->connections.end() || stream == db_->streams.end()
        || tenant->second.state == activity::deleting || connection->second.row.state == activity::deleting)
      return std::nullopt;
    const auto& source = db_->sources.at(connection->second.row.source).name;
    if (!wants_stream(streams, source, stream->second.row.name))
      return std::nullopt;
    delivered_change out;
    out.seq = entry.seq;
    out.tenant = tenant->second.name;
    out.connection = connection->second.row.name;
    out.source = source;
    out.stream = stream->second.row.name;
    out.kind = entry.kind;
    out.key = entry.key;
    out.hash = entry.hash;
    if (entry.kind == change_kind::deleted)
      return out;
    auto records = db_->records.find(entry.stream);
    auto record = records == db_->records.end()         ? nullptr
                  : records->second.contains(entry.key) ? &records->second.at(entry.key)
                                                        : nullptr;
    out.is_replaced = !record || record->deleted || record->hash != entry.hash;
    if (!out.is_replaced)
      out.payload = record->payload;
    return out;
  }

  std::shared_ptr<state> db_;
  incarnation self_;
};

} // namespace

std::unique_ptr<sink_store> memory_database::make_sink_store(incarnation self) {
  return std::make_unique<memory_sink_store>(state_, self);
}

void memory_database::trim_feed(shard_id shard, int64_t upto) {
  std::lock_guard lock{state_->mutex};
  state_->shards.at(shard).feed_trimmed = upto;
  std::erase_if(state_->feed[shard], [&](const auto& entry) { return entry.seq <= upto; });
}

void memory_database::set_sink_clock(std::function<instant()> clock) {
  std::lock_guard lock{state_->mutex};
  state_->sink_clock = std::move(clock);
}

} // namespace lode

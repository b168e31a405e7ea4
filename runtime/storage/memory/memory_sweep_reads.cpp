#include "runtime/storage/memory/memory_run_store.hpp"

#include <algorithm>
#include <map>

namespace lode {

caf::expected<pass_standing> memory_run_store::load_pass(run_id run, stream_id stream) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  pass_standing out;
  auto known = db_->streams.find(stream);
  auto found = db_->sweeps.find(stream);
  if (known == db_->streams.end() || found == db_->sweeps.end()) {
    out.why_not = "its full pass is no longer known";
    return out;
  }
  const auto& pass = found->second;
  const auto& connection = db_->connections.at(known->second.connection).row;
  out.pass = pass.pass;
  out.began = pass.began;
  out.is_confirmed = known->second.may_delete;
  int64_t records = 0;
  std::map<std::string, slice_bounds> covered;
  for (const auto& [id, entry] : db_->continuations) {
    if (entry.row.run != pass.pass || entry.row.stream != stream || entry.row.is_sweep)
      continue;
    records += entry.counters.records;
    auto [at, is_new] = covered.try_emplace(entry.row.partition, entry.row.slice);
    at->second = {std::min(at->second.from, entry.row.slice.from), std::max(at->second.to, entry.row.slice.to)};
  }
  for (auto at = covered.begin(); at != covered.end(); ++at)
    out.window = at == covered.begin()
                   ? at->second
                   : slice_bounds{std::max(out.window.from, at->second.from), std::min(out.window.to, at->second.to)};
  for (const auto& page : db_->marks[{stream, pass.pass}])
    out.marks += static_cast<int64_t>(page.size());
  if (connection.edition != pass.edition || db_->sources.at(connection.source).version != pass.source_version)
    out.why_not = "its source or its connection was changed meanwhile";
  else if (auto gap = db_->reading_gap(pass.pass, pass.needs); !gap.empty())
    out.why_not = gap;
  else if (records > out.marks)
    out.why_not = "a page left no marks";
  else if (pass.pass != run) {
    out.why_not = db_->reading_gap(run, pass.needs);
    out.comes_again = !out.why_not.empty();
  }
  return out;
}

caf::expected<pass_marks> memory_run_store::load_marks(stream_id stream, run_id pass, int64_t after) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (db_->fails_with(memory_fault::lost_marks))
    return pass_marks{};
  const auto& pages = db_->marks[{stream, pass}];
  const auto at = static_cast<size_t>(after);
  pass_marks out; // a page at once, so that callers go on
  if (at < pages.size())
    out.keys = pages[at];
  out.last = at + 1 < pages.size() ? after + 1 : 0;
  return out;
}

caf::expected<std::vector<live_fact>> memory_run_store::load_live(shard_id, stream_id stream, const std::string& after,
                                                                  bool with_payload) {
  constexpr size_t at_once = 100;
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  std::vector<live_fact> out;
  const auto& rows = db_->records[stream];
  for (auto at = rows.upper_bound(after); at != rows.end() && out.size() < at_once; ++at)
    out.push_back({at->first, at->second.order, with_payload ? at->second.payload : std::string{}, at->second.deleted});
  return out;
}

caf::error memory_run_store::confirm_deletes(connection_id connection, const std::vector<std::string>& streams,
                                             const once_only& once) {
  std::lock_guard lock{db_->mutex};
  if (db_->is_unavailable())
    return no_answer();
  if (auto error = check_once(once))
    return error;
  auto what = "deletes of " + to_string(connection);
  for (const auto& name : streams)
    what += " " + name;
  if (auto before = known(once, what); !before || *before)
    return before ? caf::error{} : before.error();
  std::vector<state::stream_entry*> found;
  for (const auto& name : streams) {
    auto at = std::find_if(db_->streams.begin(), db_->streams.end(), [&](const auto& each) {
      return each.second.connection == connection && each.second.row.name == name && each.second.is_chosen;
    });
    if (at == db_->streams.end())
      return store_error(errc::not_found, "connection " + to_string(connection) + " has no stream " + name);
    found.push_back(&at->second);
  }
  for (auto* stream : found)
    stream->may_delete = true;
  if (auto row = db_->connections.find(connection); row != db_->connections.end())
    remember(once, what, row->second.row.tenant);
  return {};
}

} // namespace lode

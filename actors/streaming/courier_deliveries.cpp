#include <caf/all.hpp>

#include <algorithm>

#include "actors/streaming/courier.hpp"
#include "actors/streaming/delivery_backoff.hpp"
#include "messages/fault_point.hpp"
#include "runtime/storage/store_error.hpp"

/// What is brought to the sinks of a node.
namespace lode {

namespace {

/// Why an answer is none; "": it is one.
std::string fault_in(const caf::expected<size_t>& taken, size_t of) {
  const auto all = std::to_string(of) + (of == 1 ? " change" : " changes");
  if (!taken)
    return courier_state::explain(taken.error());
  if (*taken == 0)
    return "it has taken none of " + all + " and did not say why";
  if (*taken > of)
    return "it says that it has taken " + std::to_string(*taken) + " of " + all
           + ": a defect of the sink, none of them counts";
  return "";
}

} // namespace

std::string courier_state::explain(const caf::error& why) {
  if (why == caf::sec::request_timeout)
    return "it did not answer within " + std::to_string(delivery_timeout.count()) + " s";
  auto text = message_of(why);
  return text.empty() ? to_string(why) : text;
}

size_t courier_state::out_to(sink_id sink) const {
  return static_cast<size_t>(
    std::ranges::count_if(deliveries, [&](const auto& entry) { return entry.first.first == sink; }));
}

/// Where there is no actor to deliver to, one delivery fails, so that people learn why.
std::vector<claim_order> courier_state::orders() const {
  std::vector<claim_order> out;
  const auto begun = std::max<size_t>(1, at_once / std::max<size_t>(1, sinks.size()));
  for (const auto& [id, sink] : sinks) {
    const size_t most = sink.is_ready() ? side_by_side : sink.has_news() ? 1 : 0;
    if (const auto busy = out_to(id); busy < most)
      out.push_back({id, std::min(most - busy, begun)});
  }
  return out;
}

void courier_state::deliver(const delivery_claim& claim) {
  const delivery_key key{claim.sink, claim.shard};
  if (deliveries.contains(key)) { // still out, and its time is over: two at once would mix the order
    std::ignore = parts.store->release(claim);
    return;
  }
  LODE_DIE_AT("courier.after_claim");
  auto& sink = sinks.at(claim.sink);
  auto& next = deliveries.insert_or_assign(key, delivery{claim, delivery::step::releasing}).first->second;
  next.kind = sink.row.kind;
  if (!sink.is_ready()) {
    sink.is_told = true;
    next.is_ours = true;
    fail(next, sink.problem);
    return close(key);
  }
  auto batch = read(sink, next);
  if (!batch)
    return close(key);
  next.upto = batch->upto;
  if (batch->changes.empty()) {
    next.at = delivery::step::settling;
    close(key);
    return look_again();
  }
  if (!may_deliver())
    return close(key);
  send(sink, next, std::move(*batch));
}

/// Nothing: the claim is to be released, with the error if there is one. A store that is away for a moment is none.
std::optional<change_batch> courier_state::read(local_sink& sink, delivery& of) {
  const auto shard = of.claim.shard;
  auto batch = parts.store->read_changes(of.claim, sink.row.streams, {});
  const bool is_unread = !batch && batch.error() == errc::store_unavailable;
  if (!is_unread)
    sink.unread.erase(shard);
  if (batch)
    return std::move(*batch);
  auto why = message_of(batch.error());
  if (is_unread) {
    const auto times = ++sink.unread[shard];
    if (times < unread_patience)
      return std::nullopt;
    why = "the changes of shard " + to_string(shard) + " cannot be read: " + why;
    if (times == unread_patience)
      parts.report.warning("sink " + sink.row.name + ": " + why);
  } else if (batch.error() == errc::bad_source) {
    parts.report.warning("sink " + sink.row.name + " is suspended: " + why);
    if (!parts.store->suspend_sink(of.claim.sink, sink.row.version, why))
      return std::nullopt;
  }
  fail(of, why);
  return std::nullopt;
}

void courier_state::send(local_sink& sink, delivery& next, change_batch batch) {
  const delivery_key key{next.claim.sink, next.claim.shard};
  next.at = delivery::step::out;
  for (const auto& change : batch.changes)
    next.seqs.push_back(change.seq);
  self->request(sink.actor, delivery_timeout, deliver_changes{batch.generation, key.second, std::move(batch.changes)})
    .then([this, key, number = next.claim.claim](size_t taken) { answered(key, number, taken); },
          [this, key, number = next.claim.claim](caf::error& why) { answered(key, number, std::move(why)); });
}

void courier_state::answered(const delivery_key& key, int64_t claim, const caf::expected<size_t>& taken) {
  auto found = deliveries.find(key);
  if (found == deliveries.end() || found->second.claim.claim != claim || found->second.at != delivery::step::out)
    return; // its sink has ended meanwhile
  auto& done = found->second;
  const auto fault = fault_in(taken, done.seqs.size());
  if (!fault.empty()) {
    fail(done, fault);
  } else {
    LODE_DIE_AT("courier.before_settle");
    done.at = delivery::step::settling;
    done.taken = static_cast<int64_t>(*taken);
    if (*taken
        < done.seqs.size()) // behind it may be entries that the sink does not want: they are passed with the rest
      done.upto = done.seqs[*taken - 1];
    sinks.at(key.first).failures = 0;
  }
  close(key);
  if (is_stopping)
    go_on_stopping();
  else if (fault.empty())
    look_again();
}

void courier_state::fail(delivery& failed, const std::string& why) {
  failed.at = delivery::step::releasing;
  failed.error = why;
  parts.report.failed(failed.kind);
}

void courier_state::close(const delivery_key& key) {
  auto& done = deliveries.at(key);
  if (done.at == delivery::step::settling) {
    const auto why = parts.store->settle(done.claim, done.upto, done.taken);
    if (why == errc::store_unavailable)
      return;
    if (!why) {
      if (done.taken > 0)
        parts.report.delivered(done.kind, done.taken);
      deliveries.erase(key);
      return;
    }
    done.at = delivery::step::releasing;
    if (why != errc::stale_version) // that is no failure: the claim is not ours any more
      fail(done, message_of(why));
  }
  const bool waits = !done.error.empty() && !done.is_ours;
  const auto wait = waits ? delivery_backoff(done.claim.failures + 1) : std::chrono::milliseconds{0};
  if (parts.store->release(done.claim, done.error, wait) != errc::store_unavailable)
    deliveries.erase(key);
}

void courier_state::close_all() {
  std::vector<delivery_key> owed;
  for (const auto& [key, each] : deliveries)
    if (each.at != delivery::step::out)
      owed.push_back(key);
  for (const auto& key : owed)
    close(key);
}

void courier_state::tell_backlog() {
  const auto now = self->clock().now();
  if (now < next_backlog)
    return;
  auto found = parts.store->backlog();
  if (!found)
    return;
  next_backlog = now + backlog_interval;
  std::map<std::string, int64_t> behind;
  for (const auto& each : *found)
    if (auto sink = sinks.find(each.sink); sink != sinks.end() && sink->second.wanted)
      behind[sink->second.wanted->kind] += each.changes;
  parts.report.behind(behind);
  has_told_backlog = !behind.empty();
}

} // namespace lode

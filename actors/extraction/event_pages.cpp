#include "actors/extraction/event_pages.hpp"

#include "actors/extraction/connection_context.hpp"
#include "runtime/extraction/record_form.hpp"

namespace lode {

namespace {

std::vector<http_header> headers_of(const heard_message& message) {
  std::vector<http_header> headers;
  for (const auto& [name, value] : message.headers)
    headers.push_back({name, value});
  return headers;
}

} // namespace

void event_pages::add(const heard_message& message, event_mapper& mapper) {
  const auto headers = headers_of(message);
  auto told = mapper.map(*batch_.connection->live[batch_.live], {message.body, headers, message.received_at});
  ignored_ += told.ignored;
  if (!told.event_id.empty())
    event_ids_.push_back(std::move(told.event_id));
  for (auto& event : told.events) {
    auto& page = page_of(event.stream, message);
    if (event.what == event_operation::doubt) {
      page.doubts.push_back(std::move(event.record.key));
      continue;
    }
    event.record.counter = message.counter;
    event.record.is_deleted = event.what == event_operation::remove;
    page.records.push_back(std::move(event.record));
  }
  for (auto& dead : told.dead)
    page_of(dead.stream, message).dead.push_back(std::move(dead.record));
}

hashed_page& event_pages::page_of(size_t stream, const heard_message& message) {
  const auto& connection = *batch_.connection;
  auto [i, is_new] = pages_.try_emplace(stream);
  auto& page = i->second;
  if (is_new) {
    const auto& lode = connection.stream(stream).lode;
    page.generation = batch_.batch;
    page.tenant = connection.tenant;
    page.connection = connection.connection;
    page.stream = connection.streams[stream];
    page.shard = connection.claim.shard;
    page.epoch = connection.claim.epoch;
    page.form = std::make_shared<const record_form>(lode.ignore, connection.hash_seed);
    // Where nobody could settle a doubt, what was heard last counts.
    page.doubt_from = lode.live->fetch ? batch_.doubt_from : std::nullopt;
    page.is_of_events = true;
    page.recheck_in = lode.settle_time;
  }
  // The latest of what it holds: a doubt that it raises is settled by what is asked for after all of it.
  page.stamp = {0, connection.claim.epoch.value, message.counter};
  page.body_bytes += message.body.size();
  return page;
}

std::vector<hashed_page> event_pages::take() {
  std::vector<hashed_page> result;
  for (auto& [stream, page] : pages_)
    result.push_back(std::move(page));
  pages_.clear();
  return result;
}

} // namespace lode

#include "actors/extraction/processor.hpp"

#include <caf/all.hpp>

#include "actors/extraction/connection_context.hpp"
#include "actors/extraction/event_pages.hpp"
#include "actors/extraction/http_exchange.hpp"
#include "messages/fault_point.hpp"
#include "runtime/extraction/continuation_codec.hpp"
#include "runtime/extraction/error_rules.hpp"
#include "runtime/extraction/limit_headers.hpp"
#include "runtime/extraction/record_form.hpp"

namespace lode {

namespace {

/// The error that tells the miner what a verdict means for it.
caf::error error_of(const verdict& judged, const std::string& where) {
  auto message = where + ": " + judged.message;
  switch (judged.action) {
    case verdict_action::wait:
      return caf::make_error(errc::rate_limited, message);
    case verdict_action::give_up_page:
      return caf::make_error(errc::page_failed, message);
    case verdict_action::unauthorized:
      return caf::make_error(errc::unauthorized, message);
    case verdict_action::rejected:
      return caf::make_error(errc::rejected, message);
    default:
      return caf::make_error(errc::server_failed, message);
  }
}

/// A refused page token: the slice begins anew, or its interval stays owed.
page_content read_refused_token(const wire::continuation_state& state, const std::string& why) {
  page_content content;
  content.reason = why;
  if (auto anew = begin_again(state)) {
    content.ending = page_ending::slice_again;
    content.next_state = std::move(*anew);
  } else {
    content.ending = page_ending::failed;
  }
  return content;
}

/// The API says nothing of what there is, although the source's rules ignore that.
bool is_refusal(int status) {
  return status == 401 || status == 403 || status == 429 || status >= 500;
}

std::vector<budget_pause> pauses_of(const process_page& page, std::chrono::nanoseconds wait) {
  const auto& rules = page.connection->stream(page.stream).lode.limit_headers;
  return pauses_asked(rules, page.exchange->response()->headers, wait, page.requested_at);
}

/// What the miner is told of a response that is no page.
page_unreadable unreadable(const process_page& page, caf::error reason, std::chrono::nanoseconds after) {
  page_unreadable result{page.generation, std::move(reason), after, {}};
  if (result.reason == errc::rate_limited)
    result.pauses = pauses_of(page, after);
  return result;
}

continuation_phase phase_after(page_ending ending) {
  switch (ending) {
    case page_ending::slice_ended:
      return continuation_phase::closed;
    case page_ending::failed:
      return continuation_phase::failed;
    default:
      return continuation_phase::open;
  }
}

} // namespace

processor_state::processor_state(processor_actor::pointer self, std::vector<page_writer_actor> writers,
                                 const continuation_codec* codec)
  : self(self), writers(std::move(writers)), codec(codec) {}

processor_actor::behavior_type processor_state::make_behavior() {
  return {
    [this](process_page& page, const miner_actor& miner) {
      if (alone && page.continuation != *alone)
        held.push_back([this, page = std::move(page), miner]() mutable { process(page, miner); });
      else
        process(page, miner);
    },
    [this](process_messages& batch, const capture_actor& capture) {
      if (alone)
        held.push_back([this, batch = std::move(batch), capture]() mutable { process(batch, capture); });
      else
        process(batch, capture);
    },
    // One page at a time: whoever can answer has nothing in work.
    [this](hold_pages msg) { alone = msg.continuation; },
    [this](release_pages) { release(); },
  };
}

void processor_state::release() {
  alone.reset();
  for (auto& work : std::exchange(held, {}))
    work();
}

void processor_state::process(process_page& page, const miner_actor& miner) {
  LODE_DIE_ON("processor.on_page", page.exchange->response()->body);
  LODE_THROW_AT("processor.throws");
  std::chrono::nanoseconds after{0};
  auto content = read(page, after);
  if (!content)
    return self->send(miner, unreadable(page, std::move(content.error()), after));
  page_parsed parsed{page.generation, page.version + 1, content->next_state.SerializeAsString(),
                     phase_after(content->ending) != continuation_phase::open};
  const auto* response = page.exchange->response();
  parsed.body_bytes = response->body.size();
  parsed.pauses = pauses_of(page, std::chrono::nanoseconds{0});
  const auto& limits = page.connection->stream(page.stream).lode.limit_headers;
  parsed.quota_left = lasting_quota_left(limits, response->headers, page.requested_at);
  auto hashed = seal(page, *content);
  if (!hashed)
    return self->send(miner, unreadable(page, std::move(hashed.error()), after));
  LODE_DIE_AT("processor.before_writer");
  // The writer first: whatever the miner sends there after our answer comes later in the writer's mailbox.
  hand_on(std::move(*hashed), page_client_actor{miner});
  LODE_DIE_AT("processor.after_writer");
  self->send(miner, std::move(parsed));
}

void processor_state::hand_on(hashed_page&& page, const page_client_actor& client) {
  page.handed_on = self->clock().now();
  const auto& writer = writers[static_cast<size_t>(page.shard.value) % writers.size()];
  self->send(writer, std::move(page), client);
}

void processor_state::process(process_messages& batch, const capture_actor& capture) {
  event_pages pages{batch};
  for (const auto& message : batch.messages)
    pages.add(message, mapper);
  messages_processed done{batch.batch, 0, pages.take_event_ids(), pages.ignored()};
  // The writer first, as with pages: what the capture sends there after our answer comes later.
  for (auto& page : pages.take()) {
    ++done.pages;
    hand_on(std::move(page), page_client_actor{capture});
  }
  self->send(capture, std::move(done));
}

caf::expected<page_content> processor_state::read(const process_page& page, std::chrono::nanoseconds& after) {
  const auto& connection = *page.connection;
  const auto& stream = connection.stream(page.stream);
  wire::continuation_state state;
  if (!state.ParseFromString(page.state))
    return caf::make_error(errc::internal, connection.path_of(page.stream) + ": continuation state is no protobuf");
  received_response response{*page.exchange->response(), scratch};
  std::uniform_real_distribution<double> spread{0, 1};
  const judge_inputs inputs{page.failures, page.waits, page.requested_at, spread(random), connection.config};
  auto judged = judge(stream, response, inputs);
  after = judged.after;
  switch (judged.action) {
    case verdict_action::accept:
      break;
    case verdict_action::ignore: {
      auto content = read_ignored_page(state, page.slice);
      content.is_unsure = is_refusal(response.status());
      return content;
    }
    case verdict_action::restart_paging:
      return read_refused_token(state, judged.message);
    case verdict_action::retry:
      // A source that asks to retry a 401 means: with a fresh token.
      if (response.status() == 401 && std::holds_alternative<oauth_auth>(stream.requester.authenticator))
        judged.action = verdict_action::unauthorized;
      [[fallthrough]];
    default:
      return error_of(judged, connection.path_of(page.stream));
  }
  auto content = reader.read({*connection.plan, page.stream, connection.config, page.partition, page.slice, state, response,
                              connection.hash_seed, page.requested_at});
  if (content)
    return content;
  auto code = static_cast<errc>(content.error().code());
  if (code == errc::rate_limited) {
    judged = judge_limit(stream, response, inputs);
    after = judged.after;
    code = judged.action == verdict_action::wait ? code : errc::page_failed;
  } else {
    after = wait_before_retry(stream, page.failures, spread(random));
    // An answer that stays unreadable ends like any other failure: retried for ever, its run would never end.
    if (disposition_of(code) == disposition::retry_later && is_last_try(stream, page.failures))
      code = errc::page_failed;
  }
  return caf::make_error(code, connection.path_of(page.stream) + ": " + message_of(content.error()));
}

caf::expected<hashed_page> processor_state::seal(process_page& page, page_content& content) {
  const auto& connection = *page.connection;
  hashed_page result;
  result.generation = page.generation;
  result.tenant = connection.tenant;
  result.connection = connection.connection;
  result.stream = connection.streams[page.stream];
  result.shard = connection.claim.shard;
  result.epoch = connection.claim.epoch;
  result.partition = std::move(page.partition);
  result.stamp = page.stamp;
  result.doubt_from = page.doubt_from;
  result.recheck_in = connection.stream(page.stream).lode.settle_time;
  result.is_beside_another_run = page.is_beside_another_run;
  result.pass = page.pass;
  result.is_unsure = content.is_unsure;
  result.move = {page.continuation, page.run, page.version, phase_after(content.ending), {}, {}};
  if (!content.reason.empty())
    result.move.reason = connection.path_of(page.stream) + ": " + content.reason;
  result.body_bytes = page.exchange->response()->body.size();
  if (result.move.phase == continuation_phase::open) {
    auto state = codec->encode(content.next_state);
    if (!state)
      return state.error();
    result.move.state = std::move(*state);
  }
  auto is_kept = connection.parents_only.count(page.stream) == 0;
  auto is_closed = result.move.phase == continuation_phase::closed;
  result.completed = content.completed;
  result.completes_slice = is_kept && is_closed && content.completed.to > content.completed.from;
  // What was planned under another edition was read of something else, or with other eyes.
  if (is_kept && is_closed && content.anchor
      && content.anchor->edition == connection.edition) {
    result.anchor = std::move(content.anchor);
    result.anchor->source_version = connection.source_version;
  }
  for (auto& child : content.children)
    if (auto stream = connection.streams[child.stream])
      result.opens.push_back({stream, std::move(child.partition), {}, {}});
  if (is_kept) {
    result.form = std::make_shared<const record_form>(connection.stream(page.stream).lode.ignore, connection.hash_seed);
    result.records = std::move(content.records);
    result.dead = std::move(content.dead);
  }
  return result;
}

} // namespace lode

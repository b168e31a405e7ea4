#include "cluster/links/peer_codec.hpp"

#include "messages/actors.hpp"
#include "messages/wire/peer.pb.h"

namespace lode {

namespace {

caf::error unreadable(const std::string& what) {
  return caf::make_error(errc::bad_argument, "a peer's message " + what);
}

// -- to the wire --------------------------------------------------------------------------------------------------------

void put(wire::peer_message&, std::monostate) {}

void put(wire::peer_message& out, const peer_hello& x) {
  auto& to = *out.mutable_hello();
  to.set_wire_version(x.wire_version);
  to.set_cluster(x.cluster);
  to.set_name(x.name);
  to.set_self(x.self.value);
  to.set_expected(x.expected.value);
}

void put(wire::peer_message& out, const peer_hello_answer& x) {
  auto& to = *out.mutable_hello_answer();
  to.set_is_accepted(x.is_accepted);
  to.set_is_to_come_again(x.is_to_come_again);
  to.set_reason(x.reason);
  to.set_wire_version(x.wire_version);
  to.set_cluster(x.cluster);
  to.set_name(x.name);
  to.set_self(x.self.value);
}

void put(wire::command& out, const begin_run& x) {
  auto& to = *out.mutable_begin_run();
  to.set_connection(x.connection.value);
  to.set_kind(static_cast<uint32_t>(x.kind));
  to.set_due_us(x.due.time_since_epoch().count());
}
void put(wire::command& out, const resume_run& x) {
  auto& to = *out.mutable_resume_run();
  to.set_run(x.run.run.value);
  to.set_connection(x.run.connection.value);
  to.set_tenant(x.run.tenant.value);
  to.set_kind(static_cast<uint32_t>(x.run.kind));
  to.set_shard(x.run.shard.value);
  to.set_crash_resumes(x.run.crash_resumes);
}
void put(wire::command& out, const connection_changed& x) {
  auto& to = *out.mutable_connection_changed();
  if (x.connection)
    to.set_connection(x.connection->value);
}
void put(wire::command& out, const cancel_run& x) {
  auto& to = *out.mutable_cancel_run();
  to.set_connection(x.connection.value);
  to.set_run(x.run.value);
  to.set_reason(x.reason);
}

void put(wire::command& out, const listen& x) {
  out.mutable_listen()->set_connection(x.connection.value);
}
void put(wire::command& out, const hear_webhook& x) {
  auto& to = *out.mutable_hear_webhook();
  to.set_connection(x.connection.value);
  to.set_method(x.request.method);
  to.set_target(x.request.target);
  for (const auto& [name, value] : x.request.headers) {
    auto& header = *to.add_headers();
    header.set_name(name);
    header.set_value(value);
  }
  to.set_body(x.request.body);
}
void put(wire::command& out, const successor_listens& x) {
  auto& to = *out.mutable_successor_listens();
  to.set_connection(x.connection.value);
  to.set_subscription(x.subscription);
}

void put(wire::command& out, const replay_dead_letter& x) {
  auto& to = *out.mutable_replay_dead_letter();
  to.set_connection(x.connection.value);
  to.set_dead_letter(x.dead_letter);
}

void put(wire::peer_message& out, const ask_tenant& x) {
  auto& to = *out.mutable_command();
  to.set_id(x.id);
  to.set_tenant(x.command.tenant.value);
  std::visit([&](const auto& command) { put(to, command); }, x.command.command);
}

void put(wire::peer_message& out, const command_answer& x) {
  auto& to = *out.mutable_command_answer();
  to.set_outcome(static_cast<uint32_t>(x.outcome));
  to.set_reason(x.reason);
  to.set_node(x.node);
  if (x.code != errc::none)
    to.set_code(to_string(x.code));
}

void put(wire::peer_message& out, shards_freed) {
  out.mutable_shards_freed();
}
void put(wire::peer_message& out, const status_question& x) {
  auto& to = *out.mutable_status_question();
  if (x.about)
    to.set_about_tenant(x.about->value);
}
void put(wire::peer_message& out, drain_request x) {
  out.mutable_drain_request()->set_is_draining(x.is_draining);
}
void put(wire::peer_message& out, const peer_goodbye& x) {
  out.mutable_goodbye()->set_reason(x.reason);
}

void put(wire::peer_message& out, const node_report& x) {
  auto& to = *out.mutable_status_answer();
  const auto& s = x.status;
  to.set_name(s.name);
  to.set_version(s.version);
  to.set_self(s.self.value);
  to.set_uptime_seconds(s.uptime.count());
  to.set_shards(s.shards);
  to.set_open_runs(s.open_runs);
  to.set_miners(s.miners);
  to.set_requests_in_flight(s.requests_in_flight);
  to.set_bytes_in_flight(s.bytes_in_flight);
  to.set_bytes_allowed(s.bytes_allowed);
  to.set_waiting_for_quota(s.waiting_for_quota);
  to.set_pages(s.pages);
  to.set_records(s.records);
  to.set_inserted(s.inserted);
  to.set_updated(s.updated);
  to.set_unchanged(s.unchanged);
  to.set_dead(s.dead);
  to.set_calls(s.calls);
  to.set_failed_calls(s.failed_calls);
  to.set_memory_bytes(s.memory_bytes);
  to.set_pages_per_second(s.pages_per_second);
  to.set_records_per_second(s.records_per_second);
  for (const auto& actor : x.actors) {
    auto& one = *to.add_actors();
    one.set_name(actor.name);
    one.set_mailbox(actor.mailbox);
    one.set_messages(actor.messages);
    one.set_processing_seconds(actor.processing_seconds);
    one.set_parent(actor.parent);
    one.set_running(actor.running);
    one.set_restarts(actor.restarts);
  }
  for (const auto& activity : x.activities) {
    auto& one = *to.add_activities();
    one.set_depth(activity.depth);
    one.set_actor(activity.actor);
    one.set_what(activity.what);
    one.set_doing(activity.doing);
    one.set_since_us(activity.since.time_since_epoch().count());
    one.set_restarts(activity.restarts);
  }
}

// -- from the wire --------------------------------------------------------------------------------------------------------

peer_hello value_of(const wire::hello& x) {
  return {x.wire_version(), x.cluster(), x.name(), incarnation{x.self()}, incarnation{x.expected()}};
}

peer_hello_answer value_of(const wire::hello_answer& x) {
  return {x.is_accepted(), x.is_to_come_again(), x.reason(), x.wire_version(), x.cluster(), x.name(), incarnation{x.self()}};
}

caf::expected<run_kind> kind_of(uint32_t number) {
  if (number > static_cast<uint32_t>(run_kind::full))
    return unreadable("has a kind of run that this release does not know: " + std::to_string(number));
  return static_cast<run_kind>(number);
}

using any_command = decltype(tenant_command::command);

caf::expected<any_command> value_of(const wire::begin_run& x) {
  auto kind = kind_of(x.kind());
  if (!kind)
    return kind.error();
  return any_command{begin_run{connection_id{x.connection()}, *kind, instant{std::chrono::microseconds{x.due_us()}}}};
}

caf::expected<any_command> value_of(const wire::resume_run& x) {
  auto kind = kind_of(x.kind());
  if (!kind)
    return kind.error();
  return any_command{resume_run{open_run{run_id{x.run()}, tenant_id{x.tenant()}, connection_id{x.connection()},
                                         shard_id{x.shard()}, *kind, x.crash_resumes()}}};
}

caf::expected<any_command> value_of(const wire::connection_changed& x) {
  connection_changed out;
  if (x.has_connection())
    out.connection = connection_id{x.connection()};
  return any_command{out};
}

caf::expected<any_command> value_of(const wire::cancel_run& x) {
  return any_command{cancel_run{connection_id{x.connection()}, run_id{x.run()}, x.reason()}};
}

caf::expected<any_command> value_of(const wire::listen& x) {
  any_command out; // by way of a whole one: GCC 12 takes the rest of a small one for uninitialized
  out.emplace<listen>(listen{connection_id{x.connection()}});
  return out;
}

caf::expected<any_command> value_of(const wire::hear_webhook& x) {
  hear_webhook heard{connection_id{x.connection()}, {x.method(), x.target(), {}, x.body()}};
  for (const auto& header : x.headers())
    heard.request.headers.emplace_back(header.name(), header.value());
  return any_command{std::move(heard)};
}

caf::expected<any_command> value_of(const wire::successor_listens& x) {
  any_command out; // as above
  out.emplace<successor_listens>(successor_listens{connection_id{x.connection()}, x.subscription()});
  return out;
}

caf::expected<any_command> value_of(const wire::replay_dead_letter& x) {
  any_command out; // as above
  out.emplace<replay_dead_letter>(replay_dead_letter{connection_id{x.connection()}, x.dead_letter()});
  return out;
}

caf::expected<any_command> what_of(const wire::command& x) {
  switch (x.what_case()) {
    case wire::command::kBeginRun: return value_of(x.begin_run());
    case wire::command::kResumeRun: return value_of(x.resume_run());
    case wire::command::kConnectionChanged: return value_of(x.connection_changed());
    case wire::command::kCancelRun: return value_of(x.cancel_run());
    case wire::command::kListen: return value_of(x.listen());
    case wire::command::kHearWebhook: return value_of(x.hear_webhook());
    case wire::command::kSuccessorListens: return value_of(x.successor_listens());
    case wire::command::kReplayDeadLetter: return value_of(x.replay_dead_letter());
    case wire::command::WHAT_NOT_SET: break;
  }
  return unreadable("has a command that this release does not know");
}

errc code_of(const std::string& text) {
  errc code{};
  if (!from_string(caf::string_view{text.data(), text.size()}, code) || code == errc::none)
    return errc::internal; // one that only a newer release knows
  return code;
}

caf::expected<command_answer> value_of(const wire::command_answer& x) {
  if (x.outcome() > static_cast<uint32_t>(command_outcome::unknown))
    return unreadable("has an outcome that this release does not know: " + std::to_string(x.outcome()));
  return command_answer{static_cast<command_outcome>(x.outcome()), x.reason(), x.node(), x.code().empty() ? errc::none : code_of(x.code())};
}

node_report value_of(const wire::status_answer& x) {
  node_report out;
  auto& s = out.status;
  s.name = x.name();
  s.version = x.version();
  s.self = incarnation{x.self()};
  s.uptime = std::chrono::seconds{x.uptime_seconds()};
  s.shards = x.shards();
  s.open_runs = x.open_runs();
  s.miners = x.miners();
  s.requests_in_flight = x.requests_in_flight();
  s.bytes_in_flight = x.bytes_in_flight();
  s.bytes_allowed = x.bytes_allowed();
  s.waiting_for_quota = x.waiting_for_quota();
  s.pages = x.pages();
  s.records = x.records();
  s.inserted = x.inserted();
  s.updated = x.updated();
  s.unchanged = x.unchanged();
  s.dead = x.dead();
  s.calls = x.calls();
  s.failed_calls = x.failed_calls();
  s.memory_bytes = x.memory_bytes();
  s.pages_per_second = x.pages_per_second();
  s.records_per_second = x.records_per_second();
  for (const auto& actor : x.actors())
    out.actors.push_back({actor.name(), actor.mailbox(), actor.messages(), actor.processing_seconds(), actor.parent(),
                          actor.running(), actor.restarts()});
  for (const auto& activity : x.activities())
    out.activities.push_back({activity.depth(), activity.actor(), activity.what(), activity.doing(),
                              instant{std::chrono::microseconds{activity.since_us()}}, activity.restarts()});
  return out;
}

status_question value_of(const wire::status_question& x) {
  status_question out;
  if (x.has_about_tenant())
    out.about = tenant_id{x.about_tenant()};
  return out;
}

caf::error failure_of(const wire::failure& x) {
  return caf::make_error(code_of(x.code()), x.reason());
}

caf::error fill(peer_envelope& out, const wire::peer_message& x) {
  switch (x.content_case()) {
    case wire::peer_message::kHello: out.content = value_of(x.hello()); break;
    case wire::peer_message::kHelloAnswer: out.content = value_of(x.hello_answer()); break;
    case wire::peer_message::kCommand: {
      auto what = what_of(x.command());
      if (!what)
        return what.error();
      out.content = ask_tenant{x.command().id(), tenant_command{tenant_id{x.command().tenant()}, std::move(*what)}};
      break;
    }
    case wire::peer_message::kCommandAnswer: {
      auto answer = value_of(x.command_answer());
      if (!answer)
        return answer.error();
      out.content = std::move(*answer);
      break;
    }
    case wire::peer_message::kShardsFreed: out.content = shards_freed{}; break;
    case wire::peer_message::kStatusQuestion: out.content = value_of(x.status_question()); break;
    case wire::peer_message::kStatusAnswer: out.content = value_of(x.status_answer()); break;
    case wire::peer_message::kDrainRequest: out.content = drain_request{x.drain_request().is_draining()}; break;
    case wire::peer_message::kGoodbye: out.content = peer_goodbye{x.goodbye().reason()}; break;
    case wire::peer_message::CONTENT_NOT_SET: break;
  }
  return {};
}

} // namespace

caf::expected<peer_message> encode(const peer_envelope& envelope) {
  wire::peer_message out;
  out.set_call(envelope.call);
  out.set_is_answer(envelope.is_answer);
  if (envelope.failed) {
    const bool is_ours = envelope.failed.category() == caf::type_id_v<errc>;
    out.mutable_failed()->set_code(to_string(is_ours ? static_cast<errc>(envelope.failed.code()) : errc::internal));
    out.mutable_failed()->set_reason(message_of(envelope.failed));
  }
  std::visit([&](const auto& content) { put(out, content); }, envelope.content);
  if (auto size = out.ByteSizeLong(); size > max_peer_message)
    return unreadable("would have " + std::to_string(size) + " bytes; a peer takes at most " + std::to_string(max_peer_message));
  return peer_message{out.SerializeAsString()};
}

caf::expected<peer_envelope> decode(const peer_message& message) {
  if (message.bytes.size() > max_peer_message)
    return unreadable("has " + std::to_string(message.bytes.size()) + " bytes, expected at most " + std::to_string(max_peer_message));
  wire::peer_message read;
  if (!read.ParseFromString(message.bytes))
    return unreadable("of " + std::to_string(message.bytes.size()) + " bytes is no wire::peer_message");
  peer_envelope out;
  out.call = read.call();
  out.is_answer = read.is_answer();
  if (read.has_failed())
    out.failed = failure_of(read.failed());
  // A content that cannot be read fails the call, not the link: its number is known.
  if (auto bad = fill(out, read)) {
    if (out.call == 0)
      return bad;
    out.failed = std::move(bad);
  }
  return out;
}

} // namespace lode

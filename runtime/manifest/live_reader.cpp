#include "runtime/manifest/live_reader.hpp"

#include <boost/algorithm/string/join.hpp>

#include <algorithm>
#include <array>

#include "runtime/expression/json_text.hpp"
#include "runtime/manifest/field_readers.hpp"
#include "runtime/manifest/listener_kind.hpp"
#include "runtime/manifest/made_by_name.hpp"
#include "runtime/manifest/scopes.hpp"

namespace lode {

namespace {

constexpr std::array payloads{choice<live_payload>{"full", live_payload::full}, choice<live_payload>{"patch", live_payload::patch},
                              choice<live_payload>{"notice", live_payload::notice}};

/// A path that may be empty (`[]`): what it begins at.
std::optional<field_path> read_path(const component& from, std::string_view name) {
  auto* found = from.field(name);
  if (found == nullptr)
    return std::nullopt;
  if (found->is == manifest_node::shape::list && found->items.empty())
    return field_path{};
  return from.path_in(*found, name);
}

/// A path, or `{header: NAME}`.
live_place read_order_place(const component& block) {
  auto* found = block.field("order");
  if (found == nullptr || found->is != manifest_node::shape::map)
    return {{}, read_path(block, "order").value_or(field_path{})};
  auto place = block.child("order");
  place->refuse_unknown({"field", "header"});
  return read_place(*place);
}

live_rule read_rule(const component& block) {
  block.refuse_unknown({"when", "each", "delete_when", "payload", "record", "key", "order", "order_format"});
  live_rule out;
  out.when = read_conditions(block, "when");
  out.each = read_path(block, "each");
  out.delete_when = read_conditions(block, "delete_when");
  if (!block.has("payload"))
    block.error("a rule needs 'payload': full, patch or notice");
  out.payload = read_choice(block, "payload", payloads, out.payload);
  out.record = read_path(block, "record").value_or(field_path{});
  if (block.has("record") && out.payload != live_payload::full)
    block.error("only an event with 'payload: full' holds a record", "record");
  out.key = block.paths("key");
  out.order = read_order_place(block);
  out.order_format = block.text("order_format");
  if (!out.order_format.empty() && out.order.is_empty())
    block.error("order_format says how 'order' is written, which is not there", "order_format");
  return out;
}

std::optional<live_fetch> read_fetch(const component& live) {
  auto block = live.child("fetch");
  if (!block)
    return std::nullopt;
  block->refuse_unknown({"path", "parameters", "record"});
  live_fetch out;
  if (!block->has("path"))
    block->error("a fetch needs 'path', e.g. \"orders/{{ key }}.json\"");
  out.path = block->code("path", scopes::fetch);
  out.parameters = block->entries("parameters", scopes::fetch);
  out.record = read_path(*block, "record").value_or(field_path{});
  return out;
}

/// For setups without a registry.
const listener_registry& listeners_of(const manifest_setup& setup) {
  static const auto nobody = [](caf::actor_system&, const listener_job&) { return listener_actor{}; };
  static const listener_registry described{
    "listener",
    {{webhook_listener_name, [](auto& asked) { return made_listener{nobody, read_webhook(asked.settings)}; }},
     {websocket_listener_name, [](auto& asked) { return made_listener{nobody, read_websocket(asked.settings)}; }}}};
  return setup.listeners != nullptr ? *setup.listeners : described;
}

/// The name of the listener and what its settings say.
void read_listener(const component& block, const manifest_setup& setup, stream_live& out) {
  const auto& known = listeners_of(setup);
  out.listener = block.text("listener");
  if (out.listener.empty())
    return block.error("live capture needs 'listener', one of " + boost::algorithm::join(known.names(), ", "), "listener");
  auto make = known.find(out.listener);
  if (!make)
    return block.error(message_of(make.error()), "listener");
  auto settings = block.child("settings");
  if (!settings)
    return block.error("live capture needs 'settings': what the listener " + out.listener + " is to do");
  if (auto text = expression::to_json(to_value(settings->node())))
    out.settings = std::move(*text);
  settings->record(out.settings);
  auto made = made_by(**make, "listener " + out.listener, listener_request{*settings});
  out.typed = made.typed;
  out.made = std::make_shared<const made_listener>(std::move(made));
}

/// Messages of a socket have no headers.
void refuse_headers(const component& rule, const live_rule& read) {
  auto refuse = [&](const live_conditions& conditions, std::string_view name) {
    if (std::any_of(conditions.begin(), conditions.end(), [](auto& each) { return !each.place.header.empty(); }))
      rule.error("a message of a websocket has no headers; name a 'field'", name);
  };
  refuse(read.when, "when");
  refuse(read.delete_when, "delete_when");
  if (!read.order.header.empty())
    rule.error("a message of a websocket has no headers; name a path", "order");
}

void read_rules(const component& block, stream_live& out) {
  auto rules = block.children("messages");
  if (rules.empty())
    block.error("live capture needs 'messages': at least one rule of how a message becomes a record");
  for (auto& each : rules) {
    out.rules.push_back(read_rule(each));
    if (std::holds_alternative<websocket_settings>(out.typed))
      refuse_headers(each, out.rules.back());
  }
}

void read_event_id(const component& block, stream_live& out) {
  auto id = block.child("event_id");
  if (id) {
    id->refuse_unknown({"field", "header"});
    out.event_id = read_place(*id);
  }
  auto* socket = std::get_if<websocket_settings>(&out.typed);
  if (socket == nullptr)
    return;
  if (!out.event_id.header.empty())
    id->error("a message of a websocket has no headers; name a 'field'", "header");
  if (!id && (socket->acknowledge || !socket->resume.empty()))
    block.error("acknowledge and resume need 'event_id': where the id of an event stands");
}

// -- against the stream around it -------------------------------------------------------------------------------------------

bool reads_partition(const program& code) {
  constexpr std::array<std::string_view, 4> names{"stream_slice", "stream_partition", "stream_interval", "next_page_token"};
  return std::any_of(names.begin(), names.end(),
                     [&](auto name) { return code.source().find(name) != std::string::npos; });
}

bool reads_partition(const std::optional<program>& code) {
  return code && reads_partition(*code);
}

bool reads_partition(const transformation& step) {
  if (auto* remove = std::get_if<remove_fields>(&step))
    return reads_partition(remove->condition);
  auto& fields = std::get<add_fields>(step).fields;
  return std::any_of(fields.begin(), fields.end(), [](const added_field& each) {
    return reads_partition(each.value) || reads_partition(each.condition)
           || std::any_of(each.path.begin(), each.path.end(), [](auto& part) { return reads_partition(part); });
  });
}

/// Whether a record's field `name`, or something below it, may be another one after the transformations.
bool may_change(const transformation& step, const std::string& name) {
  if (auto* remove = std::get_if<remove_fields>(&step))
    return std::any_of(remove->paths.begin(), remove->paths.end(), [&](const field_path& path) {
      return !path.empty() && (path[0] == name || path[0].find_first_of("*?[") != std::string::npos);
    });
  auto& fields = std::get<add_fields>(step).fields;
  return std::any_of(fields.begin(), fields.end(), [&](const added_field& each) {
    return !each.path.empty() && (!each.path[0].is_plain() || each.path[0].source() == name);
  });
}

/// Fills in what a rule leaves to the stream, and says what it cannot do without.
void fit_rule(const component& block, const stream_plan& plan, live_rule& rule) {
  auto fields = plan.primary_key.size();
  auto is_full = rule.payload == live_payload::full;
  if (!rule.key.empty() && rule.key.size() != fields)
    block.error("expected one path per field of primary_key (" + std::to_string(fields) + "), found " + std::to_string(rule.key.size()),
                "key");
  if (rule.key.empty() && !is_full)
    block.error("an event without its record needs 'key': where its key stands, one path per field of primary_key");
  if (rule.key.empty())
    for (auto& part : plan.primary_key) {
      rule.key.push_back(rule.record);
      rule.key.back().insert(rule.key.back().end(), part.begin(), part.end());
    }
  if (rule.order.is_empty())
    return;
  if (rule.delete_when.empty())
    block.error("'order' is the one of a delete, and no delete_when says what is one; a record has its ordering_field", "order");
  if (plan.lode.ordering_field.empty())
    block.error("'order' is compared with x-lode.ordering_field, which the stream does not have", "order");
  if (rule.order_format.empty())
    rule.order_format = plan.lode.ordering_format;
}

/// An event, and a record that is fetched again, must become what a page makes of the record.
void check_transformations(const component& live, const stream_plan& plan) {
  auto is_of_partition = reads_partition(plan.selector.filter)
                         || std::any_of(plan.transformations.begin(), plan.transformations.end(),
                                        [](auto& step) { return reads_partition(step); });
  if (is_of_partition)
    live.error("filter or transformations of the stream read the partition that a page was asked for in, which an event does not tell: "
               "the same record would look changed; leave them or 'live' out");
  for (auto& part : plan.primary_key)
    if (std::any_of(plan.transformations.begin(), plan.transformations.end(), [&](auto& step) { return may_change(step, part[0]); }))
      live.error("transformations may change `" + part[0] + "`, a field of primary_key: an event names its record by the key that "
                 "the API knows");
}

} // namespace

std::shared_ptr<const stream_live> read_live(const component& block, const manifest_setup& setup) {
  auto live = block.child("live");
  if (!live)
    return nullptr;
  live->refuse_unknown({"listener", "settings", "enabled", "max_event_delay", "event_id", "messages", "fetch"});
  if (auto text = expression::to_json(to_value(live->node())))
    live->record(*text);
  auto out = std::make_shared<stream_live>();
  out->line = live->node().line;
  read_listener(*live, setup, *out);
  out->enabled = live->optional_code("enabled", scopes::config);
  read_span_field(*live, "max_event_delay", std::chrono::milliseconds{0}, [&](auto span) { out->max_event_delay = span; });
  read_event_id(*live, *out);
  read_rules(*live, *out);
  out->fetch = read_fetch(*live);
  return out;
}

void fit_live(const component& stream, stream_plan& plan) {
  if (!plan.lode.live)
    return;
  auto block = stream.child("x-lode")->child("live");
  if (plan.primary_key.empty())
    return block->error("live capture needs primary_key: an event names its record by it");
  auto live = std::make_shared<stream_live>(*plan.lode.live);
  auto rules = block->children("messages");
  for (size_t i = 0; i < live->rules.size(); ++i)
    fit_rule(rules[i], plan, live->rules[i]);
  auto is_fetched = std::any_of(live->rules.begin(), live->rules.end(), [](auto& rule) { return rule.payload != live_payload::full; });
  if (is_fetched && !live->fetch)
    block->error("events without their record need 'fetch': how one record is asked for by its key");
  check_transformations(*block, plan);
  plan.lode.live = std::move(live);
}

std::vector<live_plan> group_live(const std::vector<stream_plan>& streams, const std::string& file, std::vector<diagnostic>& notes) {
  std::vector<live_plan> out;
  auto source_of = [](const std::optional<program>& code) { return code ? code->source() : std::string{}; };
  for (size_t i = 0; i < streams.size(); ++i) {
    const auto& live = streams[i].lode.live;
    if (!live || !streams[i].is_selectable)
      continue;
    auto same = std::find_if(out.begin(), out.end(), [&](const live_plan& other) {
      return other.listener == live->listener && other.settings == live->settings
             && source_of(other.enabled) == source_of(live->enabled);
    });
    if (same == out.end()) {
      out.push_back({live->listener, live->settings, live->typed, live->made, live->enabled, live->event_id, {i}});
      continue;
    }
    if (same->event_id.header != live->event_id.header || same->event_id.field != live->event_id.field)
      notes.push_back({diagnostic::level::error, file, live->line, "#/streams", "the streams '" + streams[same->streams[0]].name + "' and '"
                         + streams[i].name + "' share a listener, and its events have one id: expected the same event_id in both"});
    same->streams.push_back(i);
  }
  return out;
}

} // namespace lode

#include <algorithm>
#include <array>

#include "config/text_values.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/manifest/field_readers.hpp"
#include "runtime/manifest/listener_kind.hpp"
#include "runtime/manifest/live_reader.hpp"
#include "runtime/manifest/scopes.hpp"

namespace lode {

namespace {

constexpr std::chrono::milliseconds shortest{1};

constexpr std::array algorithms{
  choice<webhook_signature::algorithm>{"hmac_sha256", webhook_signature::algorithm::hmac_sha256},
  choice<webhook_signature::algorithm>{"hmac_sha1", webhook_signature::algorithm::hmac_sha1}};

constexpr std::array encodings{choice<webhook_signature::encoding>{"hex", webhook_signature::encoding::hex},
                               choice<webhook_signature::encoding>{"base64", webhook_signature::encoding::base64}};

constexpr std::array signed_names{choice<signed_part::source>{"body", signed_part::source::body},
                                  choice<signed_part::source>{"timestamp", signed_part::source::timestamp},
                                  choice<signed_part::source>{"method", signed_part::source::method},
                                  choice<signed_part::source>{"path", signed_part::source::path}};

/// JSON text of a scalar without its quotes: what is compared with what an API sent.
std::string scalar_text(const manifest_node& node) {
  if (node.scalar.is(expression::kind::boolean))
    return node.scalar.boolean() ? "true" : "false";
  return expression::to_text(node.scalar);
}

std::vector<std::string> read_equals(const component& from) {
  std::vector<std::string> out;
  auto* found = from.field("equals");
  if (found == nullptr) {
    from.error("a condition needs 'equals': a text, or a list of texts of which one must stand there");
    return out;
  }
  auto add = [&](const manifest_node& node) {
    if (node.is != manifest_node::shape::scalar)
      return from.error("expected text, a number or a boolean, found " + describe(node), "equals");
    out.push_back(scalar_text(node));
  };
  if (found->is == manifest_node::shape::list)
    for (auto& each : found->items)
      add(*each);
  else
    add(*found);
  return out;
}

/// One template or a list of them.
std::vector<program> read_codes(const component& from, std::string_view name, name_list names) {
  std::vector<program> out;
  auto* found = from.field(name);
  if (found == nullptr)
    return out;
  auto path = from.path() + "/" + std::string{name};
  if (found->is != manifest_node::shape::list)
    return {from.compile(*found, path, names)};
  for (size_t i = 0; i < found->items.size(); ++i)
    out.push_back(from.compile(*found->items[i], path + "/" + std::to_string(i), names));
  return out;
}

program read_needed(const component& from, std::string_view name, name_list names, std::string_view who) {
  if (!from.has(name))
    from.error(std::string{who} + " needs '" + std::string{name} + "'");
  return from.code(name, names);
}

std::optional<live_heartbeat> read_heartbeat(const component& settings) {
  auto block = settings.child("heartbeat");
  if (!block)
    return std::nullopt;
  block->refuse_unknown({"every", "message"});
  live_heartbeat out;
  if (!block->has("every"))
    block->error("a heartbeat needs 'every', e.g. 20s");
  read_span_field(*block, "every", shortest, [&](auto span) { out.every = span; });
  out.message = block->optional_code("message", scopes::live);
  return out;
}

std::optional<uint64_t> read_max_message(const component& settings) {
  if (!settings.has("max_message"))
    return std::nullopt;
  auto bytes = setting_text::parse_bytes(settings.text("max_message"));
  if (bytes && bytes->value >= 1024 && bytes->value <= 268'435'456)
    return bytes->value;
  settings.error("expected a size such as 64KiB or 1MiB, from 1KiB to 256MiB, found " + describe(*settings.field("max_message")),
                 "max_message");
  return std::nullopt;
}

// -- what a signature covers ------------------------------------------------------------------------------------------------

signed_part expression_part(const component& signature, std::string_view code) {
  auto from = code.find_first_not_of(" \t");
  auto name = from == std::string_view::npos ? std::string_view{} : code.substr(from, code.find_last_not_of(" \t") - from + 1);
  for (auto& each : signed_names)
    if (each.word == name)
      return {each.means, {}};
  manifest_node label;
  label.scalar = "{{" + std::string{code} + "}}";
  label.line = signature.field("signs")->line;
  return {signed_part::source::text, signature.compile(label, signature.path() + "/signs", scopes::config)};
}

/// Pieces instead of one program: a body is signed byte by byte, whatever it is, and never copied.
std::vector<signed_part> read_signed_parts(const component& signature) {
  std::vector<signed_part> out;
  if (!signature.has("signs"))
    return {{signed_part::source::body, {}}};
  auto text = signature.text("signs");
  for (size_t at = 0; at < text.size();) {
    auto open = text.find("{{", at);
    if (open != at)
      out.push_back({signed_part::source::text, program::literal(text.substr(at, open - at))});
    if (open == std::string::npos)
      break;
    auto close = text.find("}}", open);
    if (close == std::string::npos) {
      signature.error("expected '}}' behind '{{', found the end of the text", "signs");
      break;
    }
    out.push_back(expression_part(signature, std::string_view{text}.substr(open + 2, close - open - 2)));
    at = close + 2;
  }
  return out;
}

void read_timestamp(const component& signature, webhook_signature& out) {
  if (auto block = signature.child("timestamp")) {
    block->refuse_unknown({"header", "format", "max_age"});
    out.timestamp_header = block->text("header");
    if (out.timestamp_header.empty())
      block->error("a timestamp needs 'header'");
    out.timestamp_format = block->text("format");
    read_span_field(*block, "max_age", shortest, [&](auto span) { out.max_age = span; });
    if (out.max_age && out.timestamp_format.empty())
      block->error("max_age needs 'format', the date format of the timestamp, e.g. \"%s\" or \"%ms\"", "max_age");
  }
  auto is_covered = std::any_of(out.parts.begin(), out.parts.end(),
                                [](auto& part) { return part.what == signed_part::source::timestamp; });
  if (is_covered && out.timestamp_header.empty())
    signature.error("it signs a timestamp: 'timestamp: {header: NAME}' says where that stands", "signs");
  if (!is_covered && out.max_age)
    signature.error("max_age proves nothing of a timestamp that the signature does not cover: name it in 'signs'", "timestamp");
}

std::optional<webhook_signature> read_signature(const component& settings) {
  auto block = settings.child("signature");
  if (!block)
    return std::nullopt;
  block->refuse_unknown({"header", "prefix", "algorithm", "encoding", "signs", "secret", "timestamp"});
  webhook_signature out;
  out.header = block->text("header");
  if (out.header.empty())
    block->error("a signature needs 'header'");
  out.prefix = block->text("prefix");
  for (auto name : {"algorithm", "encoding"})
    if (!block->has(name))
      block->error("a signature needs '" + std::string{name} + "'");
  out.by = read_choice(*block, "algorithm", algorithms, out.by);
  out.as = read_choice(*block, "encoding", encodings, out.as);
  out.parts = read_signed_parts(*block);
  out.secret = read_needed(*block, "secret", scopes::config, "a signature");
  read_timestamp(*block, out);
  return out;
}

/// Conditions of what a socket says.
live_conditions read_message_conditions(const component& settings, std::string_view name) {
  auto out = read_conditions(settings, name);
  if (std::any_of(out.begin(), out.end(), [](auto& each) { return !each.place.header.empty(); }))
    settings.error("a message of a websocket has no headers; name a 'field'", name);
  return out;
}

} // namespace

live_place read_place(const component& from) {
  live_place out;
  if (auto* field = from.field("field"))
    out.field = from.path_in(*field, "field").value_or(field_path{});
  out.header = from.text("header");
  if (from.has("field") == from.has("header"))
    from.error("expected either 'field' (a path) or 'header' (a name)");
  return out;
}

live_conditions read_conditions(const component& from, std::string_view name) {
  live_conditions out;
  for (auto& each : from.children(name)) {
    each.refuse_unknown({"field", "header", "equals"});
    auto place = read_place(each);
    out.push_back({std::move(place), read_equals(each)});
  }
  return out;
}

websocket_settings read_websocket(const component& settings) {
  settings.refuse_unknown({"url", "headers", "subprotocols", "subscribe", "confirmed_by", "heartbeat", "idle_timeout", "max_message",
                           "acknowledge", "resume"});
  websocket_settings out;
  out.url = read_needed(settings, "url", scopes::live, "a websocket");
  out.headers = settings.entries("headers", scopes::live);
  out.subprotocols = read_codes(settings, "subprotocols", scopes::live);
  out.subscribe = read_codes(settings, "subscribe", scopes::live);
  out.confirmed_by = read_message_conditions(settings, "confirmed_by");
  out.heartbeat = read_heartbeat(settings);
  read_span_field(settings, "idle_timeout", shortest, [&](auto span) { out.idle_timeout = span; });
  if (out.heartbeat && out.idle_timeout && out.heartbeat->every >= *out.idle_timeout)
    settings.error("idle_timeout must be longer than heartbeat.every, or the socket is given up before it is asked", "idle_timeout");
  out.max_message_bytes = read_max_message(settings);
  out.acknowledge = settings.optional_code("acknowledge", scopes::live_event);
  out.resume = read_codes(settings, "resume", scopes::live_event);
  return out;
}

webhook_settings read_webhook(const component& settings) {
  settings.refuse_unknown({"signature", "challenge", "account", "sweep_every"});
  webhook_settings out;
  out.signature = read_signature(settings);
  if (auto challenge = settings.child("challenge")) {
    challenge->refuse_unknown({"query"});
    out.challenge_query = challenge->text("query");
    if (out.challenge_query.empty())
      challenge->error("a challenge needs 'query', the name of its parameter");
  }
  if (auto account = settings.child("account")) {
    account->refuse_unknown({"field", "header", "equals"});
    auto place = read_place(*account);
    out.account = {{std::move(place), read_needed(*account, "equals", scopes::config, "an account")}};
  }
  read_span_field(settings, "sweep_every", std::chrono::seconds{1}, [&](auto span) { out.sweep_every = span; });
  return out;
}

} // namespace lode

#include "runtime/extraction/event_mapper.hpp"

#include <algorithm>
#include <charconv>

#include "messages/type_ids.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/extraction/dead_records.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/event_lists.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/live_conditions.hpp"
#include "runtime/extraction/processor_steps.hpp"
#include "runtime/extraction/record_key.hpp"
#include "runtime/extraction/record_selector.hpp"
#include "runtime/extraction/transformations.hpp"
#include "runtime/extraction/webhook.hpp"

namespace lode {

namespace {

using std::chrono::microseconds;

std::string path_text(const field_path& path) {
  std::string text;
  for (const auto& element : path)
    text += (text.empty() ? "" : ".") + element;
  return text;
}

/// `{"a":{"b":VALUE}}` of the path a.b.
void append_nested(std::string& out, const field_path& path, std::string_view value) {
  for (const auto& element : path)
    out.append("{\"").append(element).append("\":");
  out.append(value).append(path.size(), '}');
}

/// Steps see only whole records; a key of an event must be the one that they leave. Keys of several fields are not looked at.
caf::error check_steps(const stream_plan& stream, uint64_t hash_seed) {
  if (stream.lode.steps.empty() || stream.primary_key.size() != 1)
    return {};
  for (auto value : {"\"12345678\"", "12345678"}) {
    std::string text;
    append_nested(text, stream.primary_key[0], value);
    json_document before, after;
    if (before.parse(text))
      continue;
    auto stepped = run_steps(stream.lode.steps, before.root(), {hash_seed});
    bool is_kept = stepped.result.what == step_result::fate::keep && !after.parse(stepped.text);
    if (is_kept && read_key(after.root(), stream.primary_key).key != read_key(before.root(), stream.primary_key).key)
      return failed(errc::bad_source, "stream " + stream.name + " cannot be captured live: its steps change `"
                                        + path_text(stream.primary_key[0]) + "`, by which the API knows a record");
  }
  return {};
}

/// As read_order reads a field; 0 when the header is missing.
expression::result<int64_t> read_header_order(const std::vector<http_header>& headers, const std::string& name,
                                              const std::string& format) {
  const auto* text = find_header(headers, name);
  if (!text)
    return int64_t{0};
  int64_t number = 0;
  auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (format.empty() && code == std::errc{} && end == text->data() + text->size())
    return number;
  auto date = format.empty() ? expression::parse_iso_date_time(*text) : expression::parse_date_time(*text, format);
  if (!date)
    return expression::failure{"header " + name + " is no datetime: " + date.error().message, 0};
  return date->microseconds;
}

int64_t floored(int64_t order, microseconds resolution) {
  auto rest = order % resolution.count();
  return order - (rest < 0 ? rest + resolution.count() : rest);
}

} // namespace

caf::expected<event_rules> event_rules::make(source_plan_pointer source, size_t live, expression::value config,
                                             const std::vector<bool>& wanted, uint64_t hash_seed, instant now) {
  event_rules out;
  const auto& plan = source->live[live];
  out.lists_ = event_lists(*source, plan);
  for (auto index : plan.streams) {
    const auto& stream = source->streams[index];
    if (index >= wanted.size() || !wanted[index])
      continue;
    if (auto error = check_steps(stream, hash_seed))
      return error;
    out.shows_payload_ = out.shows_payload_ && stream.lode.steps.empty();
    stream_rules rules{index, ignored_fields{stream.lode.ignore}, {}, {}};
    rules.listed.resize(out.lists_.size());
    for (const auto& rule : stream.lode.live->rules) {
      if (!rule.each)
        rules.whole.push_back(&rule);
      for (size_t i = 0; i < out.lists_.size(); ++i)
        if (rule.each == out.lists_[i])
          rules.listed[i].push_back(&rule);
    }
    out.streams_.push_back(std::move(rules));
  }
  auto* hook = std::get_if<webhook_settings>(&plan.typed);
  if (hook && hook->account) {
    auto account = account_of(*hook, config, now);
    if (!account)
      return account.error();
    out.account_ = live_condition{hook->account->place, {std::move(*account)}};
  }
  out.live_ = live;
  out.config_ = std::move(config);
  out.hash_seed_ = hash_seed;
  out.source_ = std::move(source);
  return out;
}

/// Reads one message.
class message_pass {
public:
  message_pass(const event_rules& rules, const live_message& message, record_scratch& scratch, mapped_message& out)
      : rules_(rules), message_(message), scratch_(scratch), out_(out) {}

  void run(json_node root) {
    root_ = root;
    size_t listed = 0;
    for (size_t i = 0; i < rules_.lists_.size(); ++i)
      for_each_event(root, rules_.lists_[i], [&](json_node event) {
        ++listed;
        out_.ignored += !read(event, [i](const auto& stream) -> const auto& { return stream.listed[i]; });
      });
    // A message that is only there for its list is no event of its own.
    auto fits = read(root, [](const auto& stream) -> const auto& { return stream.whole; }, listed == 0);
    out_.ignored += !fits && listed == 0;
  }

private:
  /// One event; false: no rule fits it. The id of what no rule fits counts all the same: the API asks to hear of it.
  template <class RulesOf>
  bool read(json_node event, RulesOf rules_of, bool has_id = true) {
    if (auto id = has_id ? text_at(rules_.plan().event_id, event, message_.headers) : std::nullopt)
      out_.event_id = std::move(*id);
    if (!is_ours(event)) {
      out_.foreign += has_id;
      return true;
    }
    bool fits = false;
    for (const auto& stream : rules_.streams_)
      for (const auto* rule : rules_of(stream))
        if (hold_all(rule->when, event, message_.headers)) {
          apply(stream, *rule, event);
          fits = true;
          break;
        }
    return fits;
  }

  bool is_ours(json_node event) const {
    if (!rules_.account_)
      return true;
    bool is_named = text_at(rules_.account_->place, event, message_.headers).has_value();
    return holds(*rules_.account_, is_named ? event : root_, message_.headers);
  }

  void apply(const event_rules::stream_rules& rules, const live_rule& rule, json_node event) {
    const auto& stream = rules_.source_->streams[rules.stream];
    if (!rule.delete_when.empty() && hold_all(rule.delete_when, event, message_.headers))
      return remove(rules, stream, rule, event);
    if (rule.payload == live_payload::full)
      return upsert(rules, stream, rule, event);
    auto key = read_key(event, rule.key);
    if (!key.problem.empty())
      return bury(rules, rule, {}, shown(event), std::move(key.problem));
    out_.events.push_back({rules.stream, event_operation::doubt, {std::move(key.key), {}, {}, 0}});
  }

  void remove(const event_rules::stream_rules& rules, const stream_plan& stream, const live_rule& rule, json_node event) {
    auto key = read_key(event, rule.key);
    if (!key.problem.empty())
      return bury(rules, rule, {}, shown(event), std::move(key.problem));
    hashed_record gone{std::move(key.key), {}, {}, 0};
    if (!rule.order.is_empty()) {
      auto order = order_of(rule, event);
      if (!order)
        return bury(rules, rule, std::move(gone.key), shown(event), order.error().message);
      gone.order_field = floored(*order, order_resolution(stream.lode.ordering_format));
    }
    out_.events.push_back({rules.stream, event_operation::remove, std::move(gone)});
  }

  expression::result<int64_t> order_of(const live_rule& rule, json_node event) const {
    return rule.order.header.empty() ? read_order(event, rule.order.field, rule.order_format)
                                     : read_header_order(message_.headers, rule.order.header, rule.order_format);
  }

  void upsert(const event_rules::stream_rules& rules, const stream_plan& stream, const live_rule& rule, json_node event) {
    auto received = value_at(event, rule.record);
    if (!received.exists())
      return bury(rules, rule, {}, shown(event), "the event has no `" + path_text(rule.record) + "`");
    record_maker maker{stream, rules.ignored, rules_.hash_seed_, scratch_};
    auto shaped = maker.shape(received, names(stream));
    if (shaped.what == shaped_record::fate::dead)
      return bury(rules, rule, {}, shaped.shown, std::move(shaped.reason));
    if (shaped.what != shaped_record::fate::kept) {
      ++out_.filtered;
      return;
    }
    hashed_record record;
    if (auto problem = maker.identify(shaped.record, record); !problem.empty())
      return bury(rules, rule, std::move(record.key), maker.showable(received, shaped.record), std::move(problem));
    record.hash = maker.hash(shaped.record);
    record.payload = shaped.record.raw();
    out_.events.push_back({rules.stream, event_operation::upsert, std::move(record)});
  }

  /// An event belongs to no partition; a stream whose records depend on theirs is refused when its source is loaded.
  expression::context& names(const stream_plan& stream) {
    if (!names_)
      names_.emplace(to_date_time(message_.received));
    if (changes_records(stream) && !names_->find("config")) {
      names_->set("config", rules_.config_);
      names_->set("stream_slice", expression::value_map{});
    }
    return *names_;
  }

  std::string_view shown(json_node event) const { return rules_.shows_payload_ ? event.raw() : std::string_view{}; }

  void bury(const event_rules::stream_rules& rules, const live_rule& rule, std::string key, std::string_view payload,
            std::string reason) {
    const auto& stream = rules_.source_->streams[rules.stream];
    auto number = &rule - stream.lode.live->rules.data() + 1;
    out_.dead.push_back({rules.stream, {std::move(key), cut_text(payload, max_dead_payload),
                                        "live rule " + std::to_string(number) + " of " + stream.name + ": " + std::move(reason)}});
  }

  const event_rules& rules_;
  const live_message& message_;
  record_scratch& scratch_;
  mapped_message& out_;
  json_node root_;
  std::optional<expression::context> names_;
};

namespace {

bool looks_like_json(std::string_view text) {
  auto first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && (text[first] == '{' || text[first] == '[');
}

/// Whoever is asked for a sign of life by a bare word may answer with one.
bool may_be_sign_of_life(const live_plan& plan, std::string_view text) {
  const auto* socket = std::get_if<websocket_settings>(&plan.typed);
  return socket && socket->heartbeat && socket->heartbeat->message && !looks_like_json(socket->heartbeat->message->source())
         && !looks_like_json(text);
}

} // namespace

mapped_message event_mapper::map(const event_rules& rules, const live_message& message) {
  mapped_message out;
  if (rules.streams_.empty())
    return out;
  if (auto error = document_.parse_shallow(message.text)) {
    if (may_be_sign_of_life(rules.plan(), message.text)) {
      ++out.ignored;
      return out;
    }
    auto payload = rules.shows_payload_ ? message.text : std::string_view{};
    // No rule tells whose it is; the first stream counts it.
    out.dead.push_back({rules.streams_[0].stream,
                        {{}, cut_text(payload, max_dead_payload), "a live message is no JSON: " + message_of(error)}});
    return out;
  }
  message_pass{rules, message, scratch_, out}.run(document_.root());
  return out;
}

microseconds order_resolution(std::string_view format) {
  if (format.empty())
    return microseconds{1};
  auto has = [format](std::string_view directive) { return format.find(directive) != std::string_view::npos; };
  if (has("%f") || has("%s_as_float") || has("%epoch_microseconds"))
    return microseconds{1};
  if (has("%ms") || has("%_ms"))
    return std::chrono::milliseconds{1};
  if (has("%s") || has("%S") || has("%T") || has("%c") || has("%X"))
    return std::chrono::seconds{1};
  if (has("%M"))
    return std::chrono::minutes{1};
  return has("%H") || has("%I") ? microseconds{std::chrono::hours{1}} : microseconds{std::chrono::hours{24}};
}

} // namespace lode

#include "runtime/extraction/error_rules.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "runtime/expression/program.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/json_value.hpp"
#include "runtime/extraction/limit_headers.hpp"
#include "runtime/extraction/link_header.hpp"
#include "runtime/extraction/message_text.hpp"

namespace lode {

namespace {

using std::chrono::milliseconds;

uint32_t retries_of(const error_rules_plan& rules) {
  return rules.handlers.empty() ? rules.defaults.retries : rules.handlers[0].max_retries.value_or(rules.defaults.retries);
}
constexpr milliseconds longest_wait = std::chrono::hours{24};
/// A limit of unknown length: how long it is waited out.
constexpr milliseconds first_guess = std::chrono::seconds{1};
constexpr milliseconds longest_guess = std::chrono::minutes{5};

struct match {
  response_action action = response_action::success;
  const response_filter* filter = nullptr;
};

/// A wait, none, or a wait that the source calls too long.
struct backoff_reading {
  std::optional<milliseconds> wait;
  bool is_too_long = false;
};

milliseconds from_seconds(double seconds) {
  if (!std::isfinite(seconds))
    return longest_wait;
  return std::min(longest_wait, milliseconds{static_cast<int64_t>(std::clamp(seconds, 0.0, 1e7) * 1000)});
}

/// Spreads a wait by a quarter to both sides, so that many tenants do not come back at once.
milliseconds spread(milliseconds wait, double random) {
  return milliseconds{static_cast<int64_t>(static_cast<double>(wait.count()) * (0.75 + random / 2))};
}

/// What the API asked for is a floor: spread only upwards. `Retry-After: 0` is no reason to hammer it.
milliseconds spread_up(milliseconds wait, double random) {
  wait = std::max(wait, milliseconds{250});
  return wait + milliseconds{static_cast<int64_t>(static_cast<double>(wait.count()) * random / 10)};
}

milliseconds doubled(milliseconds first, uint32_t count, milliseconds most) {
  return std::min(most, first * (int64_t{1} << std::min(count, 20u)));
}

milliseconds next_try(const error_rules_plan& rules, uint32_t failures) {
  return doubled(rules.defaults.shortest, failures, rules.defaults.longest);
}

std::string message_of_value(json_node node, int depth) {
  if (!node.exists() || depth > 8)
    return {};
  if (node.is(json_kind::string))
    return node.text();
  if (node.is(json_kind::list)) {
    std::string text;
    for (auto item = node.first_child(); item.exists() && text.size() < 1000; item = item.next_sibling())
      if (auto part = message_of_value(item, depth + 1); !part.empty())
        text += (text.empty() ? "" : ", ") + part;
    return text;
  }
  constexpr std::array names{"message", "messages", "error",         "errors", "failures", "failure",       "details",
                             "detail",  "err",      "error_message", "msg",    "reason",   "status_message"};
  for (const char* name : names)
    if (auto text = message_of_value(node.member(name), depth + 1); !text.empty())
      return text;
  return {};
}

/// Judges one response by the rules of one stream.
class response_judge {
public:
  response_judge(const stream_plan& stream, received_response& response, const judge_inputs& inputs)
      : rules_(stream.error_rules), limits_(stream.lode.limit_headers), response_(response), inputs_(inputs) {}

  verdict judge() {
    auto found = walk_handlers();
    switch (found.action) {
      case response_action::success:
        // A refused response that a rule calls a success has no records to read.
        return {response_.status() < 400 ? verdict_action::accept : verdict_action::ignore, {}, {}};
      case response_action::ignore:
        return {verdict_action::ignore, {}, describe(found)};
      case response_action::reset_pagination:
        return {verdict_action::restart_paging, {}, describe(found)};
      case response_action::rate_limited:
        return wait_for_limit(found);
      case response_action::retry:
        return retry(found);
      case response_action::fail:
        break;
    }
    bool is_credential = response_.status() == 401 || response_.status() == 403 || (found.filter && found.filter->needs_person);
    return {is_credential ? verdict_action::unauthorized : verdict_action::rejected, {}, describe(found)};
  }

  verdict wait_for_limit() { return wait_for_limit({response_action::rate_limited, nullptr}); }

private:
  /// The first child that says success, retry, ignore or reset decides; else the last one.
  match walk_handlers() {
    if (rules_.handlers.empty())
      return {default_action(), nullptr};
    match found;
    for (const auto& handler : rules_.handlers) {
      found = ask(handler);
      if (found.action != response_action::fail && found.action != response_action::rate_limited)
        break;
    }
    return found;
  }

  match ask(const error_handler_plan& handler) {
    for (const auto& filter : handler.filters)
      if (matches(filter))
        return {filter.action, &filter};
    return {default_action(), nullptr};
  }

  bool matches(const response_filter& filter) {
    if (std::find(filter.codes.begin(), filter.codes.end(), response_.status()) != filter.codes.end())
      return true;
    if (filter.predicate) {
      auto holds = expression::evaluate_condition(*filter.predicate, names());
      if (holds && *holds)
        return true;
    }
    return !filter.error_message_contains.empty()
           && message_in(response_.json()).find(filter.error_message_contains) != std::string::npos;
  }

  response_action default_action() const {
    switch (response_.status()) {
      case 429:
        return response_action::rate_limited;
      case 400:
      case 401:
      case 403:
      case 404:
      case 405:
        return response_action::fail;
      default:
        return response_.status() < 400 ? response_action::success : response_action::retry;
    }
  }

  /// What predicates and messages may read; put together when the first one asks.
  const expression::context& names() {
    if (names_)
      return *names_;
    names_.emplace(names_of(inputs_.config, inputs_.now));
    std::vector<const program*> readers;
    for (const auto& handler : rules_.handlers)
      for (const auto& filter : handler.filters) {
        if (filter.predicate)
          readers.push_back(&*filter.predicate);
        readers.push_back(&filter.error_message);
      }
    auto body = response_.json();
    auto first = body.is(json_kind::list) ? body.first_child() : body;
    names_->set("response", first.exists() ? body_for(readers, first) : expression::value{expression::value_map{}});
    names_->set("headers", headers_value(response_.headers()));
    return *names_;
  }

  std::string describe(const match& found) {
    std::string text;
    if (found.filter && !found.filter->error_message.empty())
      if (auto said = expression::evaluate_text(found.filter->error_message, names()))
        text = std::move(*said);
    if (text.empty())
      text = message_in(response_.json());
    auto status = "the API answered " + std::to_string(response_.status());
    return made_safe(text.empty() ? status : status + ": " + text, inputs_.config);
  }

  verdict wait_for_limit(const match& found) {
    auto asked = wait_asked(limits_, response_.headers(), inputs_.now);
    if (asked)
      return {verdict_action::wait, spread_up(std::min(*asked, longest_wait), inputs_.random), describe(found)};
    auto own = backoff(inputs_.waits + 1);
    if (own.is_too_long)
      return {verdict_action::give_up_page, {}, describe(found) + " (asks to wait longer than the source allows)"};
    auto wait = own.wait.value_or(doubled(first_guess, inputs_.waits, longest_guess));
    return {verdict_action::wait, spread(wait, inputs_.random), describe(found)};
  }

  verdict retry(const match& found) {
    auto most = retries_of(rules_);
    if (inputs_.failures >= most)
      return {verdict_action::give_up_page,
              {},
              describe(found) + " (tried " + std::to_string(inputs_.failures + 1) + " times)"};
    if (auto asked = wait_asked(limits_, response_.headers(), inputs_.now))
      return {verdict_action::retry, spread_up(std::min(*asked, longest_wait), inputs_.random), describe(found)};
    auto own = backoff(inputs_.failures + 1);
    if (own.is_too_long)
      return {verdict_action::give_up_page, {}, describe(found) + " (asks to wait longer than the source allows)"};
    return {verdict_action::retry, spread(own.wait.value_or(next_try(rules_, inputs_.failures)), inputs_.random),
            describe(found)};
  }

  /// The first wait that any handler's strategies yield, whichever handler matched.
  backoff_reading backoff(uint32_t attempt) {
    for (const auto& handler : rules_.handlers)
      for (const auto& strategy : handler.backoffs) {
        auto reading = std::visit([&](const auto& one) { return read(one, attempt); }, strategy);
        if (reading.wait || reading.is_too_long)
          return reading;
      }
    return {};
  }

  std::optional<double> number_of(const program& code) {
    auto text = expression::evaluate_text(code, names());
    if (!text || text->empty())
      return std::nullopt;
    char* end = nullptr;
    auto number = std::strtod(text->c_str(), &end);
    return *end == '\0' ? std::optional{number} : std::nullopt;
  }

  std::optional<double> header_number(const program& header, const program& pattern) {
    auto name = expression::evaluate_text(header, names());
    auto text = name ? find_header(response_.headers(), *name) : nullptr;
    if (!text)
      return std::nullopt;
    auto number_text = *text;
    if (!pattern.empty()) {
      auto regex = expression::evaluate_text(pattern, names());
      if (!regex)
        return std::nullopt;
      RE2 compiled{*regex, RE2::Quiet};
      if (!compiled.ok() || compiled.NumberOfCapturingGroups() < 1 || !RE2::PartialMatch(*text, compiled, &number_text))
        return std::nullopt;
    }
    char* end = nullptr;
    auto number = std::strtod(number_text.c_str(), &end);
    return end != number_text.c_str() ? std::optional{number} : std::nullopt;
  }

  backoff_reading read(const constant_backoff& plan, uint32_t) {
    auto seconds = number_of(plan.seconds);
    return {seconds ? std::optional{from_seconds(*seconds)} : std::nullopt, false};
  }

  backoff_reading read(const exponential_backoff& plan, uint32_t attempt) {
    auto factor = number_of(plan.factor).value_or(5);
    return {from_seconds(factor * std::pow(2.0, std::min(attempt, 30u))), false};
  }

  backoff_reading read(const wait_time_from_header& plan, uint32_t) {
    auto seconds = header_number(plan.header, plan.pattern);
    if (!seconds)
      return {};
    if (plan.longest && *seconds > static_cast<double>(plan.longest->count()))
      return {std::nullopt, true};
    return {from_seconds(*seconds), false};
  }

  backoff_reading read(const wait_until_from_header& plan, uint32_t) {
    auto floor = plan.shortest.empty() ? std::nullopt : number_of(plan.shortest);
    auto epoch = header_number(plan.header, plan.pattern);
    if (!epoch)
      return {floor ? std::optional{from_seconds(*floor)} : std::nullopt, false};
    auto seconds = *epoch - static_cast<double>(inputs_.now.time_since_epoch().count()) / 1e6;
    return {from_seconds(std::max(seconds, floor.value_or(0))), false};
  }

  const error_rules_plan& rules_;
  const std::vector<limit_header>& limits_;
  received_response& response_;
  const judge_inputs& inputs_;
  std::optional<expression::context> names_;
};

} // namespace

std::string message_in(json_node body) {
  return body.is(json_kind::map) ? message_of_value(body, 0) : std::string{};
}

verdict judge(const stream_plan& stream, received_response& response, const judge_inputs& inputs) {
  return response_judge{stream, response, inputs}.judge();
}

verdict judge_limit(const stream_plan& stream, received_response& response, const judge_inputs& inputs) {
  return response_judge{stream, response, inputs}.wait_for_limit();
}

verdict judge(const stream_plan& stream, const http_error& error, const judge_inputs& inputs) {
  auto message = made_safe(error.message, inputs.config);
  switch (error.kind) {
    case http_failure::timeout_queue:
    case http_failure::overloaded:
    case http_failure::cancelled: // nothing was asked: our own matter
      return {verdict_action::wait, spread(doubled(first_guess, inputs.waits, std::chrono::seconds{30}), inputs.random), message};
    case http_failure::invalid_request:
    case http_failure::redirect_refused:
      return {verdict_action::rejected, {}, message};
    case http_failure::too_large:
      return {verdict_action::give_up_page, {}, message};
    default:
      break;
  }
  if (inputs.failures >= retries_of(stream.error_rules))
    return {verdict_action::give_up_page, {}, message + " (tried " + std::to_string(inputs.failures + 1) + " times)"};
  return {verdict_action::retry, spread(next_try(stream.error_rules, inputs.failures), inputs.random), message};
}

bool is_last_try(const stream_plan& stream, uint32_t failures) {
  return failures >= retries_of(stream.error_rules);
}

milliseconds wait_before_retry(const stream_plan& stream, uint32_t failures, double random) {
  return spread(next_try(stream.error_rules, failures), random);
}

} // namespace lode

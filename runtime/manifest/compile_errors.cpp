#include <algorithm>
#include <array>

#include "runtime/manifest/compile.hpp"
#include "runtime/manifest/scopes.hpp"

namespace lode {

namespace {

response_action compile_action(const component& filter) {
  struct choice {
    std::string_view word;
    response_action means;
  };
  constexpr std::array actions{choice{"SUCCESS", response_action::success},
                               choice{"RETRY", response_action::retry},
                               choice{"FAIL", response_action::fail},
                               choice{"IGNORE", response_action::ignore},
                               choice{"RATE_LIMITED", response_action::rate_limited},
                               choice{"RESET_PAGINATION", response_action::reset_pagination}};
  if (!filter.has("action")) {
    filter.unsupported("a response filter without 'action' is not supported");
    return response_action::fail;
  }
  auto word = filter.text("action");
  auto found = std::find_if(actions.begin(), actions.end(), [&word](auto& each) { return each.word == word; });
  if (found != actions.end())
    return found->means;
  filter.unsupported("'" + word + "' is not supported; supported: SUCCESS, RETRY, FAIL, IGNORE, RATE_LIMITED, RESET_PAGINATION", "action");
  return response_action::fail;
}

response_filter compile_filter(const component& filter) {
  response_filter out;
  out.action = compile_action(filter);
  for (auto& text : filter.texts("http_codes")) {
    bool is_code = text.size() == 3 && text.find_first_not_of("0123456789") == text.npos && text[0] != '0';
    if (is_code)
      out.codes.push_back(static_cast<uint16_t>(std::stoi(text)));
    else
      filter.error("expected HTTP codes such as 429, found '" + text + "'", "http_codes");
  }
  out.predicate = filter.optional_code("predicate", scopes::answer);
  out.error_message_contains = filter.text("error_message_contains");
  auto failure = filter.text("failure_type");
  out.needs_person = failure == "config_error";
  if (!failure.empty() && failure != "config_error" && failure != "system_error" && failure != "transient_error")
    filter.error("expected system_error, config_error or transient_error, found '" + failure + "'", "failure_type");
  out.error_message = filter.code("error_message", scopes::error_message);
  if (out.codes.empty() && !out.predicate && out.error_message_contains.empty())
    filter.error("a response filter needs 'http_codes', 'predicate' or 'error_message_contains'");
  return out;
}

std::optional<backoff_strategy> compile_backoff(const component& strategy) {
  auto kind = strategy.type();
  if (kind == "ConstantBackoffStrategy")
    return constant_backoff{strategy.required_code("backoff_time_in_seconds", scopes::config)};
  if (kind == "ExponentialBackoffStrategy")
    return exponential_backoff{strategy.has("factor") ? strategy.code("factor", scopes::config) : program::literal("5")};
  if (kind == "WaitTimeFromHeader") {
    wait_time_from_header out{strategy.required_code("header", scopes::config), strategy.code("regex", scopes::config), {}};
    if (auto* longest = strategy.field("max_waiting_time_in_seconds"); longest != nullptr && longest->scalar.is_numeric()) {
      out.longest = std::chrono::seconds{static_cast<int64_t>(std::clamp(longest->scalar.as_double(), 0.0, 1e9))};
      strategy.record("longest " + std::to_string(out.longest->count()));
    }
    return out;
  }
  if (kind == "WaitUntilTimeFromHeader")
    return wait_until_from_header{strategy.required_code("header", scopes::config), strategy.code("regex", scopes::config),
                                  strategy.code("min_wait", scopes::config)};
  strategy.unsupported_type("ConstantBackoffStrategy, ExponentialBackoffStrategy, WaitTimeFromHeader, WaitUntilTimeFromHeader");
  return std::nullopt;
}

error_handler_plan compile_default_handler(const component& handler) {
  error_handler_plan out;
  for (auto& filter : handler.children("response_filters"))
    out.filters.push_back(compile_filter(filter));
  for (auto& strategy : handler.children("backoff_strategies"))
    if (auto backoff = compile_backoff(strategy))
      out.backoffs.push_back(std::move(*backoff));
  if (auto retries = handler.whole("max_retries"); retries && (*retries < 0 || *retries > 1000))
    handler.error("expected 0 to 1000, found " + std::to_string(*retries), "max_retries");
  else if (retries)
    out.max_retries = static_cast<uint32_t>(*retries);
  return out;
}

void collect(const component& handler, error_rules_plan& into, int depth) {
  if (handler.type() == "DefaultErrorHandler") {
    into.handlers.push_back(compile_default_handler(handler));
  } else if (handler.type() == "CompositeErrorHandler" && depth < 8) {
    auto children = handler.children("error_handlers");
    if (children.empty())
      handler.error("CompositeErrorHandler needs 'error_handlers'");
    for (auto& child : children)
      collect(child, into, depth + 1);
  } else {
    handler.unsupported_type("DefaultErrorHandler, CompositeErrorHandler");
  }
}

} // namespace

error_rules_plan compile_error_rules(const component& handler) {
  error_rules_plan out;
  collect(handler, out, 0);
  return out;
}

} // namespace lode

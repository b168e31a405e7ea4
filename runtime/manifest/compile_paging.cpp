#include "runtime/manifest/compile.hpp"
#include "runtime/manifest/scopes.hpp"

namespace lode {

namespace {

std::optional<program> compile_page_size(const component& strategy) {
  return strategy.optional_code("page_size", scopes::page_size);
}

cursor_paging compile_cursor(const component& strategy) {
  return {strategy.required_code("cursor_value", scopes::paging), strategy.optional_code("stop_condition", scopes::paging),
          compile_page_size(strategy)};
}

page_number_paging compile_page_number(const component& strategy) {
  return {compile_page_size(strategy), strategy.whole("start_from_page").value_or(0),
          strategy.flag("inject_on_first_request", false)};
}

page_token_option compile_token_option(const component& paginator) {
  auto option = paginator.child("page_token_option");
  if (!option)
    return std::monostate{};
  if (option->type() == "RequestPath")
    return token_is_request_path{};
  return compile_request_option(*option);
}

bool has_page_size(const paginator_plan& plan) {
  return std::visit(
    [](auto& strategy) {
      if constexpr (requires { strategy.page_size; })
        return strategy.page_size.has_value();
      else
        return false;
    },
    plan.strategy);
}

void check(const component& paginator, const paginator_plan& plan) {
  if (plan.page_size_option && !has_page_size(plan))
    paginator.error("'page_size_option' needs a 'page_size' in the pagination strategy", "page_size_option");
  bool is_counting = std::holds_alternative<offset_paging>(plan.strategy) || std::holds_alternative<page_number_paging>(plan.strategy);
  if (is_counting && std::holds_alternative<std::monostate>(plan.token_option))
    paginator.warning("without 'page_token_option' every request asks for the same page");
}

} // namespace

paginator_plan compile_paginator(const component& paginator) {
  paginator_plan out;
  if (paginator.type() == "NoPagination")
    return out;
  if (paginator.type() != "DefaultPaginator") {
    paginator.unsupported_type("NoPagination, DefaultPaginator");
    return out;
  }
  auto strategy = paginator.child("pagination_strategy");
  auto kind = strategy ? strategy->type() : std::string{};
  if (!strategy)
    paginator.error("DefaultPaginator needs 'pagination_strategy'");
  else if (kind == "CursorPagination")
    out.strategy = compile_cursor(*strategy);
  else if (kind == "PageIncrement")
    out.strategy = compile_page_number(*strategy);
  else if (kind == "OffsetIncrement")
    out.strategy = offset_paging{compile_page_size(*strategy), strategy->flag("inject_on_first_request", false)};
  else
    strategy->unsupported_type("CursorPagination, PageIncrement, OffsetIncrement");
  out.token_option = compile_token_option(paginator);
  if (auto option = paginator.child("page_size_option"))
    out.page_size_option = compile_request_option(*option);
  if (strategy && !kind.empty())
    check(paginator, out);
  if (auto decoder = paginator.child("decoder"); decoder && decoder->type() != "JsonDecoder")
    decoder->unsupported_type("JsonDecoder");
  return out;
}

} // namespace lode

#pragma once

#include "runtime/manifest/component.hpp"
#include "runtime/manifest/miner_kind.hpp"
#include "runtime/manifest/plan.hpp"

/// Component -> piece of the plan, one function per kind; internal to this folder. Mistakes and
/// unsupported features become notes of the component's compilation.
namespace lode {

requester_plan compile_requester(const component& requester);
authenticator_plan compile_authenticator(const component& authenticator);
request_option compile_request_option(const component& option);
error_rules_plan compile_error_rules(const component& handler);
paginator_plan compile_paginator(const component& paginator);
/// `is_client_side`: the stream drops records outside of its window itself.
record_selector_plan compile_selector(const component& selector, bool is_client_side, const used_parts& used);
std::vector<transformation> compile_transformations(const component& stream);
incremental_plan compile_incremental(const component& cursor);
list_router compile_list_router(const component& router);
/// Reports what of the stream's retriever its miner would pass over.
void refuse_unused(const component& stream, const used_parts& used, const std::string& miner);

} // namespace lode

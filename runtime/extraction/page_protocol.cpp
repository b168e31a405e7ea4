#include "runtime/extraction/page_protocol.hpp"

#include <simdjson.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "messages/type_ids.hpp"
#include "runtime/extraction/failure.hpp"

namespace lode {

namespace {

const page_protocol& described_pages() {
  static const auto pages = manifest_pages();
  return *pages;
}

/// Whether an error of this code says what becomes of a page.
bool is_about_a_page(const caf::error& error) {
  switch (disposition_of(error)) {
    case disposition::retry_later:
    case disposition::give_up_page:
    case disposition::suspend:
      return true;
    default:
      return error == errc::rate_limited || error == errc::internal;
  }
}

/// Miners are users' code too: what they throw must not end the processor that all connections of the node share.
template <class Call>
auto guarded(const stream_plan& stream, Call call) -> decltype(call()) {
  const auto who = [&] { return "miner " + stream.lode.miner; };
  try {
    auto result = call();
    if (!result && !is_about_a_page(result.error()))
      return failed(errc::internal,
                    who() + " failed with a code that means nothing of a page: " + to_string(result.error()));
    return result;
  } catch (const std::exception& problem) {
    return failed(errc::internal, who() + " threw: " + problem.what());
  } catch (...) {
    return failed(errc::internal, who() + " threw what is no std::exception");
  }
}

/// As often as any slice is read again.
paging_step again_or_failed(const wire::continuation_state& state, std::string reason) {
  if (auto anew = begin_again(state))
    return {paging_step::kind::again, std::move(*anew), std::move(reason), false};
  return {paging_step::kind::failed, state, std::move(reason), false};
}

} // namespace

paging_step follow_token(const page_request& page, std::string_view token) {
  return step_to_token(page.state, std::string{token});
}

paging_step end_slice(const page_request& page) {
  return {paging_step::kind::ended, page.state, {}, false};
}

stream_pages::stream_pages(const stream_plan& stream)
    : stream_(stream), protocol_(stream.lode.pages ? *stream.lode.pages : described_pages()),
      is_own_(&protocol_ != &described_pages()) {}

caf::expected<http_request> stream_pages::request(const request_inputs& inputs) const {
  return guarded(stream_, [&] { return protocol_.request(stream_, inputs); });
}

caf::expected<std::vector<json_node>> stream_pages::records(const page_request& page, json_node body) const {
  auto found = guarded(stream_, [&] { return protocol_.records(page, body); });
  if (is_own_ && found && !std::all_of(found->begin(), found->end(), [](json_node each) { return each.exists(); }))
    return failed(errc::bad_response, "the answer lacks a record where miner " + stream_.lode.miner + " looks for one");
  return found;
}

caf::expected<paging_step> stream_pages::follow(const page_request& page, json_node body, const page_facts& facts,
                                                expression::context& names) const {
  auto step = guarded(stream_, [&] { return protocol_.follow(page, body, facts, names); });
  if (!is_own_ || !step)
    return step;
  step->is_repeat = false; // which is for those who count rows
  if (step->what == paging_step::kind::again)
    return again_or_failed(page.state, std::move(step->reason));
  if (step->what != paging_step::kind::more)
    return step;
  if (!simdjson::validate_utf8(step->state.page_token()))
    return paging_step{paging_step::kind::failed, page.state, "the token of the next page is not UTF-8", false};
  step->state.set_slice_from_us(page.state.slice_from_us());
  step->state.set_slice_to_us(page.state.slice_to_us());
  return unless_in_circles(std::move(*step), page.state, facts);
}

} // namespace lode

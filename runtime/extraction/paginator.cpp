#include "runtime/extraction/paginator.hpp"

#include <algorithm>
#include <bit>

#include "runtime/expression/program.hpp"
#include "runtime/extraction/content_hash.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/json_value.hpp"
#include "runtime/extraction/page_reader.hpp"
#include "runtime/extraction/request_builder.hpp"

namespace lode {

using expression::value;

namespace {

/// Cycles up to this length are noticed at their first repetition; longer ones by the anchor, somewhat later.
constexpr int remembered_tokens = 32;
/// So often must a page come again before it is taken for a circle: rows that shift by a whole page look the same once, and
/// pages without keys may be equal in earnest.
constexpr int64_t most_repeats = 2;
constexpr int64_t most_unkeyed_repeats = 100;

value none() {
  return expression::none_value{};
}

paging_step end_of_slice(const wire::continuation_state& state) {
  return {paging_step::kind::ended, state, {}, false};
}

paging_step failed_step(const wire::continuation_state& state, std::string reason) {
  return {paging_step::kind::failed, state, std::move(reason), false};
}

/// Rows shifted: the slice is read again; after the third time it is read on, marked suspect.
std::optional<paging_step> shifted(const wire::continuation_state& state, const std::string& what) {
  if (state.suspect())
    return std::nullopt;
  if (auto again = begin_again(state))
    return paging_step{paging_step::kind::again, std::move(*again), what + ": the slice is read again", false};
  return std::nullopt;
}

/// Remembers `token` (recent ones, and one anchor after Brent's algorithm); true when it was seen before.
bool is_cycle(wire::continuation_state& state, const std::string& token) {
  auto hash = short_hash_of(token);
  auto& seen = *state.mutable_seen_tokens();
  bool is_known = std::find(seen.begin(), seen.end(), hash) != seen.end();
  is_known = is_known || (state.token_steps() > 0 && state.token_anchor() == hash);
  seen.Add(hash);
  if (seen.size() > remembered_tokens)
    seen.erase(seen.begin());
  state.set_token_steps(state.token_steps() + 1);
  if (std::has_single_bit(static_cast<uint64_t>(state.token_steps())))
    state.set_token_anchor(hash);
  return is_known;
}

/// Whether pages go round in a circle under ever new tokens. Compares with one anchor (Brent); call it after is_cycle(),
/// which counts the steps.
bool repeats_pages(wire::continuation_state& state, const page_facts& page) {
  auto is_repeat = page.seen > 0 && page.mark == state.page_anchor();
  state.set_page_repeats(is_repeat ? state.page_repeats() + 1 : state.page_repeats());
  auto is_circle = state.page_repeats() >= (page.is_unkeyed ? most_unkeyed_repeats : most_repeats);
  if (std::has_single_bit(static_cast<uint64_t>(state.token_steps()))) {
    state.set_page_anchor(page.mark);
    state.set_page_repeats(0);
  }
  return is_circle;
}

/// Whether the API ignores where it is asked to go on: it answers with the page before. Pages without keys may be equal in
/// earnest, so only many in a row say so.
bool is_stuck(wire::continuation_state& next, const page_facts& page) {
  auto is_equal = page.seen > 0 && page.mark == next.last_mark();
  next.set_last_mark(page.mark);
  next.set_page_repeats(is_equal ? next.page_repeats() + 1 : 0);
  return next.page_repeats() >= (page.is_unkeyed ? most_unkeyed_repeats : 1);
}

caf::expected<std::optional<int64_t>> page_size_of(const std::optional<program>& code,
                                                   const expression::context& names) {
  if (!code)
    return std::optional<int64_t>{};
  auto size = expression::evaluate(*code, names);
  if (!size)
    return bad_template("page_size", size.error());
  if (!size->is(expression::kind::integer))
    return failed(errc::bad_source,
                  "page_size is " + std::string{kind_name(size->kind())} + ", a whole number is needed");
  return std::optional<int64_t>{size->integer()};
}

bool is_last_page(const page_facts& page, const std::optional<int64_t>& size) {
  return page.seen == 0 || (size && page.seen < *size);
}

// -- cursor ------------------------------------------------------------------------------------------------------------

caf::expected<value> cursor_after(const cursor_paging& plan, const expression::context& names) {
  if (plan.stop_condition) {
    auto stops = expression::evaluate_condition(*plan.stop_condition, names);
    if (!stops)
      return bad_template("stop_condition", stops.error());
    if (*stops)
      return none();
  }
  auto token = expression::evaluate(plan.cursor_value, names);
  if (!token)
    return bad_template("cursor_value", token.error());
  return expression::is_true(*token) ? std::move(*token) : none();
}

caf::expected<paging_step> next_by_cursor(const stream_plan& stream, const cursor_paging& plan,
                                          const wire::continuation_state& state, const page_facts& page,
                                          const expression::context& names) {
  auto token = cursor_after(plan, names);
  if (!token)
    return token.error();
  if (token->is(expression::kind::none))
    return end_of_slice(state);
  bool is_link = std::holds_alternative<token_is_request_path>(stream.paginator.token_option);
  if (is_link && !token->is(expression::kind::string))
    return failed(errc::bad_response,
                  "the next page's link is " + std::string{kind_name(token->kind())} + ", text is needed");
  if (is_link)
    token = value{without_credentials(stream, token->string())};
  auto step = step_to_token(state, token_to_text(*token));
  return step.what == paging_step::kind::more ? unless_in_circles(std::move(step), state, page) : std::move(step);
}

// -- offset ------------------------------------------------------------------------------------------------------------

/// Whether rows moved up under the seam, so that some were never seen. Rows that moved down only repeat known ones, which
/// costs nothing where they have keys.
bool is_seam_broken(const page_facts& page) {
  return !page.has_seam || page.is_unkeyed;
}

/// Pages overlap by one record. If it is not the one that the page before ended with, rows have shifted.
caf::expected<paging_step> next_by_offset(const offset_paging& plan, const wire::continuation_state& state,
                                          const page_facts& page, const expression::context& names) {
  auto size = page_size_of(plan.page_size, names);
  if (!size)
    return size.error();
  auto next = state;
  if (is_stuck(next, page))
    return failed_step(state, "the API answered two offsets with the same page");
  bool overlaps = !state.seam_key().empty();
  if (overlaps && page.first_key != state.seam_key() && is_seam_broken(page)) {
    if (auto again = shifted(state, "rows shifted under offset paging"))
      return std::move(*again);
    next.set_suspect(true);
  }
  auto token = current_token({plan, {}, {}}, state);
  auto asked = token.is(expression::kind::integer) ? token.integer() : 0;
  bool brings_nothing = page.seen <= (overlaps ? 1 : 0);
  if (brings_nothing || is_last_page(page, *size))
    return end_of_slice(next);
  bool can_overlap = page.seen > 1 && !page.last_key.empty();
  next.set_page_token(std::to_string(asked + page.seen - (can_overlap ? 1 : 0)));
  next.set_seam_key(can_overlap ? page.last_key : "");
  return paging_step{paging_step::kind::more, std::move(next), {}, false};
}

// -- page numbers ------------------------------------------------------------------------------------------------------

/// So many pages of a slice are all read again at its end; of those beyond, and of what is read whole each time, every
/// next page at twice the distance.
constexpr int64_t pages_checked = 256;

/// A row that vanishes from a page that was already read moves all that follow: it shows on each page from its own to the
/// one that was read last before. So all pages of a slice are read again, since its cursor will have passed them. What is
/// read whole each time is checked at pages 1, 2, 4, 8, ...: most shifts show at the price of a few requests.
bool is_marked(int64_t page_of_slice, bool is_sliced) {
  return (is_sliced && page_of_slice <= pages_checked) || std::has_single_bit(static_cast<uint64_t>(page_of_slice));
}

/// The page that the n-th mark stands for, both counted from 1.
int64_t page_of_mark(int32_t mark, bool is_sliced) {
  if (!is_sliced)
    return int64_t{1} << (mark - 1);
  return mark <= pages_checked ? mark : pages_checked << (mark - pages_checked);
}

paging_step check_page(wire::continuation_state next, const page_number_paging& plan, int32_t mark, bool is_sliced) {
  next.set_checking(mark);
  auto page_of_slice = page_of_mark(mark, is_sliced);
  next.set_page_token(std::to_string(plan.start_from_page + page_of_slice - 1));
  if (page_of_slice == 1 && !plan.inject_on_first_request)
    next.set_page_token("");
  return {paging_step::kind::more, std::move(next), {}, false};
}

paging_step after_check(const page_number_paging& plan, const wire::continuation_state& state, const page_facts& page) {
  auto mark = state.checking();
  auto next = state;
  if (page.mark != state.page_marks(mark - 1)) {
    if (auto again = shifted(state, "rows shifted under page-number paging"))
      return std::move(*again);
    next.set_suspect(true);
    next.set_checking(0);
    return end_of_slice(next);
  }
  if (mark < state.page_marks_size())
    return check_page(std::move(next), plan, mark + 1, page.is_sliced);
  next.set_checking(0);
  return end_of_slice(next);
}

caf::expected<paging_step> next_by_number(const page_number_paging& plan, const wire::continuation_state& state,
                                          const page_facts& page, const expression::context& names) {
  auto size = page_size_of(plan.page_size, names);
  if (!size)
    return size.error();
  if (state.checking() > 0) {
    auto step = after_check(plan, state, page);
    step.is_repeat = true;
    return step;
  }
  auto token = current_token({plan, {}, {}}, state);
  auto asked = token.is(expression::kind::integer) ? token.integer() : plan.start_from_page;
  auto page_of_slice = asked - plan.start_from_page + 1;
  auto next = state;
  if (is_last_page(page, *size))
    return page_of_slice > 1 && next.page_marks_size() > 0 ? check_page(std::move(next), plan, 1, page.is_sliced)
                                                           : end_of_slice(next);
  if (is_stuck(next, page))
    return failed_step(state, "the API answered two page numbers with the same page");
  if (is_marked(page_of_slice, page.is_sliced))
    next.add_page_marks(page.mark);
  next.set_page_token(std::to_string(asked + 1));
  return paging_step{paging_step::kind::more, std::move(next), {}, false};
}

} // namespace

paging_step step_to_token(const wire::continuation_state& state, std::string token) {
  if (token.empty())
    return failed_step(state, "the API says that there is more, and names no page token");
  if (token == state.page_token())
    return failed_step(state, "the API answered with the page token that it was asked with");
  auto next = state;
  if (is_cycle(next, token))
    return failed_step(state, "the API's page tokens go round in a circle");
  next.set_page_token(std::move(token));
  return {paging_step::kind::more, std::move(next), {}, false};
}

paging_step unless_in_circles(paging_step step, const wire::continuation_state& state, const page_facts& page) {
  if (step.state.page_token() == state.page_token())
    return failed_step(state, "the page that follows is the one that was just read");
  bool is_by_token = step.state.token_steps() != state.token_steps();
  if (is_by_token && repeats_pages(step.state, page))
    return failed_step(state, "the API's pages go round in a circle, under ever new page tokens");
  return step;
}

std::string token_to_text(const value& token) {
  return token.is(expression::kind::none) || token.is(expression::kind::undefined) ? "" : to_json(token);
}

value token_from_text(const std::string& text) {
  if (text.empty())
    return none();
  json_document document;
  if (document.parse(text))
    return value{text}; // of a miner that is not the manifest's
  return to_value(document.root());
}

value initial_token(const paginator_plan& plan) {
  if (auto number = std::get_if<page_number_paging>(&plan.strategy); number && number->inject_on_first_request)
    return number->start_from_page;
  if (auto offset = std::get_if<offset_paging>(&plan.strategy); offset && offset->inject_on_first_request)
    return 0;
  return none();
}

value current_token(const paginator_plan& plan, const wire::continuation_state& state) {
  return state.page_token().empty() ? initial_token(plan) : token_from_text(state.page_token());
}

caf::expected<paging_step> next_page(const stream_plan& stream, const wire::continuation_state& state,
                                     const page_facts& page, const expression::context& names) {
  const auto& strategy = stream.paginator.strategy;
  if (auto cursor = std::get_if<cursor_paging>(&strategy))
    return next_by_cursor(stream, *cursor, state, page, names);
  if (auto offset = std::get_if<offset_paging>(&strategy))
    return next_by_offset(*offset, state, page, names);
  if (auto number = std::get_if<page_number_paging>(&strategy))
    return next_by_number(*number, state, page, names);
  return end_of_slice(state);
}

} // namespace lode

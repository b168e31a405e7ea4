#include "runtime/extraction/early_end.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace lode {

namespace {

/// Names of parameters that count, as plain_name leaves them.
constexpr std::array<std::string_view, 9> counting_names{"page", "pageno", "pagenumber", "offset", "pageoffset",
                                                         "skip", "start", "startat", "startindex"};

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Letters and digits only, in lower case: page_number, pageNumber, page[number] and page%5Bnumber%5D are one.
std::string plain_name(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    auto c = static_cast<unsigned char>(name[i]);
    if (c == '%')
      i += 2;
    else if (std::isalnum(c) != 0)
      out += static_cast<char>(std::tolower(c));
  }
  return out;
}

bool is_counting(std::string_view parameter) {
  auto equals = parameter.find('=');
  return equals != std::string_view::npos && is_number(parameter.substr(equals + 1))
         && std::find(counting_names.begin(), counting_names.end(), plain_name(parameter.substr(0, equals))) != counting_names.end();
}

} // namespace

bool is_position(std::string_view token) {
  if (token.size() >= 2 && token.front() == '"' && token.back() == '"')
    token = token.substr(1, token.size() - 2);
  if (is_number(token))
    return true;
  auto begins = token.find('?');
  auto query = begins == std::string_view::npos ? std::string_view{} : token.substr(begins + 1);
  query = query.substr(0, query.find('#'));
  while (!query.empty()) {
    auto end = std::min(query.find('&'), query.size());
    if (is_counting(query.substr(0, end)))
      return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

void page_descent::see(int64_t position) {
  // A record without the field has position 0, which says nothing of where it stands.
  is_falling_ = is_falling_ && position > 0 && (!first_ || position <= last_);
  first_ = first_.value_or(position);
  last_ = position;
}

bool descend(wire::descent& state, const page_descent& page, bool is_seam, instant settled) {
  if (!state.has_top() && state.settled_us() == 0)
    state.set_settled_us(settled.time_since_epoch().count());
  if (page.is_empty())
    return false;
  bool goes_on_below = !state.has_top() || page.first() <= state.lowest() || is_seam;
  state.set_is_broken(state.is_broken() || !page.is_falling() || !goes_on_below);
  if (!state.has_top())
    state.set_top(page.first());
  state.set_lowest(page.last());
  // A top below the anchor says that times ran back, or that what stood there is gone.
  return !state.is_broken() && state.has_end_below() && state.top() >= state.end_below() && page.last() < state.end_below();
}

std::optional<slice_anchor> anchor_of(const wire::descent& state) {
  if (!state.has_top() || state.is_broken())
    return std::nullopt;
  // A record from the future would end each run until then at its top.
  return slice_anchor{std::min(state.top(), state.settled_us()), instant{std::chrono::microseconds{state.settled_us()}},
                      state.edition(), {}};
}

wire::descent begin_descent(int64_t edition, const std::optional<slice_anchor>& known, std::chrono::microseconds lookback) {
  wire::descent state;
  state.set_edition(edition);
  if (known)
    state.set_end_below(known->position - lookback.count());
  return state;
}

wire::descent descend_again(const wire::descent& state) {
  wire::descent fresh;
  fresh.set_edition(state.edition());
  if (state.has_end_below())
    fresh.set_end_below(state.end_below());
  return fresh;
}

} // namespace lode

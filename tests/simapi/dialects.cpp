#include "tests/simapi/dialects.hpp"

#include "tests/simapi/random.hpp"

#include <charconv>

namespace simapi {

std::optional<dialect> dialect_of(const std::string& path) {
  if (path.starts_with("/v19.0/"))
    return dialect::graph;
  if (path.starts_with("/crm/") || path.starts_with("/oauth/"))
    return dialect::crm;
  if (path.starts_with("/admin/"))
    return dialect::shop;
  if (path == "/graphql")
    return dialect::graphql;
  return {};
}

bool ask_for_one(simulation& sim, call& what, stream_kind kind, const std::string& key) {
  what.from = what.who->data->find(kind);
  what.stream_name = name_of(kind);
  what.page = std::string{what.stream_name} + "|id=" + key;
  what.paged_by_token = false;
  auto* found = sim.world.find(*what.from, key);
  if (!found || found->deleted || sim.world.key_text(*what.who->data, *what.from, *found) != key)
    return false;
  what.one = static_cast<uint32_t>(found - what.from->records.data());
  return true;
}

std::shared_ptr<page_block> show_one(simulation& sim, const call& what) {
  auto made = std::make_shared<page_block>();
  const auto& one = what.from->records[*what.one];
  sim.world.append_text(made->text, *what.who->data, *what.from, one, one.current);
  made->shown.emplace_back(*what.one, one.version_number);
  return made;
}

std::optional<uint32_t> read_limit(const std::string* text, uint32_t normal) {
  if (!text)
    return normal;
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < 1)
    return {};
  return value;
}

uint64_t token_scope(const simulation& sim, const call& what) {
  auto parent = what.from->kind == stream_kind::comments ? what.range.lower.major : 0;
  return mix(sim.config.seed, what.who->data->index, what.from->kind, parent, 11);
}

void take_token(simulation& sim, call& what, const std::string* text) {
  if (text && !text->empty()) {
    what.token_text = *text;
    what.token = decode(*text, token_scope(sim, what));
  }
  if (what.token) {
    what.range.has_after = true;
    what.range.after = what.token->after;
    what.page += "|after=" + std::to_string(what.token->after.major) + '.' + std::to_string(what.token->after.minor);
  } else if (!what.token_text.empty()) {
    what.page += "|after=?";
  }
  what.page += "|limit=" + std::to_string(what.range.limit);
}

token_state judge_token(simulation& sim, const call& what, const fault* spoiled) {
  if (what.token_text.empty())
    return token_state::good;
  if (!what.token)
    return token_state::malformed;
  auto lifetime = what.who->allowed.page_token_lifetime_s;
  bool outlived = lifetime > 0 && sim.now() - what.token->issued_at > int64_t{lifetime} * 1000;
  bool expired = outlived || (spoiled && spoiled->kind == fault_kind::expire_page_token);
  return expired ? token_state::expired : token_state::good;
}

namespace {

page_token token_behind(const call& what, const page_selection& shown, uint32_t pages, uint32_t results, int64_t issued_at) {
  return {shown.last, pages, results + static_cast<uint32_t>(shown.count), issued_at, what.range.lower.major, what.range.upper.major};
}

std::string repeated_token(simulation& sim, const call& what, const fault& spoiled, uint64_t scope) {
  if (!spoiled.to_first)
    return what.token_text;
  auto from_start = what.range;
  from_start.has_after = false;
  // The same text each time, by which a client sees the circle; it never expires.
  return encode(token_behind(what, sim.world.select(*what.from, from_start), 1, 0, int64_t{1} << 52), scope);
}

} // namespace

cut_page cut(simulation& sim, call& what, const fault* spoiled) {
  cut_page result;
  auto& shown = result.selection;
  shown = sim.world.select(*what.from, what.range);
  result.cut_at = sim.now();
  result.block = sim.world.render(*what.who->data, *what.from, shown, what.range.descending);
  if (!what.paged_by_token || shown.count == 0)
    return result;
  auto scope = token_scope(sim, what);
  auto pages = what.token ? what.token->pages : 0;
  auto results = what.token ? what.token->results : 0;
  page_token before{shown.first, pages, results, result.cut_at, what.range.lower.major, what.range.upper.major};
  result.before = encode(before, scope);
  result.after = encode(token_behind(what, shown, pages + 1, results, result.cut_at), scope);
  if (spoiled && spoiled->kind == fault_kind::repeat_page_token && what.token)
    result.next = repeated_token(sim, what, *spoiled, scope);
  else if (shown.more)
    result.next = result.after;
  return result;
}

} // namespace simapi

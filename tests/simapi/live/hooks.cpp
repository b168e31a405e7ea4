#include "tests/simapi/live/hooks.hpp"

#include "tests/simapi/random.hpp"

#include <algorithm>
#include <charconv>

namespace simapi {

std::optional<hook_url> parse_hook_url(const std::string& text) {
  constexpr std::string_view scheme = "http://";
  if (!text.starts_with(scheme) || text.find_first_of(" \r\n\t") != std::string::npos)
    return {};
  auto slash = std::min(text.find('/', scheme.size()), text.size());
  auto authority = std::string_view{text}.substr(scheme.size(), slash - scheme.size());
  hook_url result;
  auto colon = authority.rfind(':');
  result.host = authority.substr(0, colon);
  result.path = slash < text.size() ? text.substr(slash) : "/";
  if (colon != std::string_view::npos) {
    auto end = authority.data() + authority.size();
    auto read = std::from_chars(authority.data() + colon + 1, end, result.port);
    if (read.ec != std::errc{} || read.ptr != end || result.port == 0)
      return {};
  }
  return result.host.empty() ? std::nullopt : std::optional{result};
}

uint32_t hook_table::add(hook made) {
  auto& ids = by_tenant_[made.tenant];
  for (auto id : ids) {
    auto& known = hooks_.at(id);
    if (known.text != made.text)
      continue;
    known.streams = made.streams;
    known.batch = made.batch;
    known.parallel = made.parallel;
    known.first_retry_ms = made.first_retry_ms;
    known.most_retry_ms = made.most_retry_ms;
    known.timeout_ms = made.timeout_ms;
    return id;
  }
  made.id = ++last_id_;
  ids.push_back(made.id);
  auto id = made.id;
  hooks_.emplace(id, std::move(made));
  return id;
}

bool hook_table::remove(uint32_t id) {
  auto found = hooks_.find(id);
  if (found == hooks_.end())
    return false;
  waiting_ -= found->second.pending();
  std::erase(by_tenant_[found->second.tenant], id);
  std::erase_if(retries_, [&](const auto& each) { return each.second.hook == id; });
  auto& its = servers_[found->second.url.server()];
  std::erase(its.ready, id);
  std::erase_if(its.again, [&](const delivery& each) { return each.hook == id; });
  hooks_.erase(found);
  return true;
}

size_t hook_table::remove_tenant(uint32_t tenant) {
  auto ids = by_tenant_[tenant];
  for (auto id : ids)
    remove(id);
  return ids.size();
}

void hook_table::clear() {
  while (!hooks_.empty())
    remove(hooks_.begin()->first);
}

const hook* hook_table::find(uint32_t id) const {
  auto found = hooks_.find(id);
  return found == hooks_.end() ? nullptr : &found->second;
}

std::vector<const hook*> hook_table::of(uint32_t tenant) const {
  std::vector<const hook*> result;
  if (auto found = by_tenant_.find(tenant); found != by_tenant_.end())
    for (auto id : found->second)
      result.push_back(&hooks_.at(id));
  return result;
}

void hook_table::make_ready(hook& which) {
  if (which.is_ready || which.waiting.empty() || which.in_flight >= which.parallel)
    return;
  which.is_ready = true;
  servers_[which.url.server()].ready.push_back(which.id);
}

size_t hook_table::push(const outgoing_event& what) {
  auto found = by_tenant_.find(what.event.tenant);
  if (found == by_tenant_.end())
    return 0;
  size_t refused = 0;
  for (auto id : found->second) {
    auto& each = hooks_.at(id);
    if (!(each.streams >> static_cast<uint32_t>(what.event.stream) & 1))
      continue;
    if (each.pending() >= limit) {
      ++refused;
      continue;
    }
    each.waiting.push_back(what);
    ++waiting_;
    make_ready(each);
  }
  return refused;
}

/// As many events as one request may bring; a spoilt one travels alone.
delivery hook_table::cut_request(hook& from) {
  delivery made{from.id, from.url.server(), {}, 0};
  while (!from.waiting.empty() && made.events.size() < from.batch) {
    bool is_right = from.waiting.front().form == event_form::right;
    if (!is_right && !made.events.empty())
      break;
    made.events.push_back(from.waiting.front());
    from.waiting.pop_front();
    if (!is_right)
      break;
  }
  return made;
}

/// The hook whose turn it is; nullptr if no hook of this server has anything to send.
hook* hook_table::next_ready(server& which) {
  while (!which.ready.empty()) {
    auto& next = hooks_.at(which.ready.front());
    which.ready.pop_front();
    next.is_ready = false;
    if (!next.waiting.empty())
      return &next;
  }
  return nullptr;
}

std::optional<delivery> hook_table::take_from(server& which) {
  std::optional<delivery> made;
  if (which.in_flight >= requests_per_server)
    return made;
  if (!which.again.empty()) {
    made = std::move(which.again.front());
    which.again.pop_front();
    hooks_.at(made->hook).retrying -= made->events.size();
  } else if (auto* next = next_ready(which)) {
    made = cut_request(*next);
  } else {
    return made;
  }
  auto& whose = hooks_.at(made->hook);
  whose.unanswered += made->events.size();
  ++whose.in_flight;
  ++whose.attempts;
  ++which.in_flight;
  make_ready(whose);
  return made;
}

std::optional<delivery> hook_table::take(int64_t now) {
  while (!retries_.empty() && retries_.begin()->first <= now) {
    auto due = std::move(retries_.begin()->second);
    retries_.erase(retries_.begin());
    servers_[hooks_.at(due.hook).url.server()].again.push_back(std::move(due));
  }
  for (auto& [name, each] : servers_)
    if (auto made = take_from(each))
      return made;
  return {};
}

bool hook_table::finish(delivery of, int status, int64_t now) {
  --servers_[of.server].in_flight;
  auto found = hooks_.find(of.hook);
  if (found == hooks_.end())
    return false;
  auto& whose = found->second;
  --whose.in_flight;
  whose.unanswered -= of.events.size();
  whose.last_status = status;
  if (is_accepted(status)) {
    ++whose.answered;
    waiting_ -= of.events.size();
  } else {
    ++whose.failed;
    ++of.attempts;
    whose.retrying += of.events.size();
    for (auto& each : of.events)
      each.form = event_form::right; // what was refused is sent again as it should be
    auto hash = mix(seed_, whose.id, of.events.front().event.number, of.attempts, 31);
    auto due = now + retry_delay(of.attempts, whose.first_retry_ms, whose.most_retry_ms, hash);
    retries_.emplace(due, std::move(of));
  }
  make_ready(whose);
  return true;
}

void hook_table::forget(uint32_t hook, uint64_t number) {
  auto found = hooks_.find(hook);
  if (found == hooks_.end())
    return;
  auto& waiting = found->second.waiting;
  auto which = std::ranges::find_if(waiting, [&](const auto& each) { return each.event.number == number; });
  if (which == waiting.end())
    return;
  waiting.erase(which);
  --waiting_;
}

std::optional<int64_t> hook_table::next_due() const {
  return retries_.empty() ? std::nullopt : std::optional{retries_.begin()->first};
}

} // namespace simapi

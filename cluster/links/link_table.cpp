#include "cluster/links/link_table.hpp"

#include <algorithm>

#include "messages/actors.hpp"

namespace lode {

namespace {

std::string quoted(const std::string& text) {
  return "\"" + text.substr(0, 64) + "\"";
}

std::string wire_versions_differ(const std::string& one, uint32_t its, const std::string& other, uint32_t others) {
  return one + " speaks version " + std::to_string(its) + " of what nodes say to each other, " + other + " version "
         + std::to_string(others) + ": run the same release of Lode on both";
}

std::string clusters_differ(const std::string& one, const std::string& its, const std::string& other, const std::string& others) {
  return one + " is of cluster " + quoted(its) + ", " + other + " of " + quoted(others)
         + ": give both the same cluster.name, or stores of their own";
}

std::string waiting_for(const std::string& name) {
  return name + " has the lower name, so it dials this node; it has not yet";
}

} // namespace

link_phase link_table::resting(const peer& p) const {
  if (!self_.listens || p.address.empty())
    return link_phase::no_address;
  return self_.name < p.name ? link_phase::due : link_phase::awaited;
}

bool link_table::is_news(const std::string& name, const std::string& why) {
  if (told_.size() > 1'000) // names are what strangers say
    told_.clear();
  return told_.emplace(name, why).second;
}

std::vector<incarnation> link_table::see(const cluster_view& view, time_point now) {
  std::map<incarnation, peer> next;
  for (const auto& row : view.nodes) {
    if (row.self == self_.self || row.state == node_state::gone)
      continue;
    auto known = peers_.find(row.self);
    if (known != peers_.end() && known->second.address == row.address) {
      next.insert(*known);
      continue;
    }
    auto& fresh = next[row.self];
    fresh.name = row.name;
    fresh.address = row.address;
    fresh.phase = resting(fresh);
    fresh.since = fresh.next = now;
    if (fresh.phase == link_phase::no_address)
      fresh.why = self_.listens ? row.name + " does not listen for other nodes (its cluster.listen is not set)"
                                : "this node does not listen for other nodes (cluster.listen is not set)";
    else
      fresh.why = fresh.phase == link_phase::awaited ? waiting_for(row.name) : "not dialled yet";
  }
  std::vector<incarnation> gone;
  for (const auto& [life, p] : peers_)
    if (!next.count(life) || next[life].address != p.address)
      gone.push_back(life);
  peers_ = std::move(next);
  return gone;
}

std::vector<link_table::dial> link_table::due(time_point now) {
  std::vector<dial> out;
  for (auto& [life, p] : peers_) {
    const bool rests = p.phase == link_phase::due || p.phase == link_phase::refused;
    if (!rests || resting(p) != link_phase::due || now < p.next)
      continue;
    p.phase = link_phase::dialling;
    p.since = now;
    p.attempt = ++attempts_;
    out.push_back({life, p.name, p.address, p.attempt});
  }
  return out;
}

bool link_table::is_current(incarnation peer, uint64_t attempt) const {
  auto i = peers_.find(peer);
  return i != peers_.end() && i->second.phase == link_phase::dialling && i->second.attempt == attempt;
}

void link_table::up(incarnation peer, time_point now) {
  auto i = peers_.find(peer);
  if (i == peers_.end())
    return;
  i->second.phase = link_phase::up;
  i->second.why.clear();
  i->second.since = now;
}

void link_table::down(incarnation peer, const std::string& why, time_point now) {
  auto i = peers_.find(peer);
  if (i == peers_.end())
    return;
  auto& p = i->second;
  if (p.phase == link_phase::up && now - p.since >= good_link)
    p.wait = first_wait;
  p.phase = resting(p);
  p.why = why;
  p.since = now;
  p.next = now + p.wait;
  p.was_told_overdue = false;
  p.wait = std::min(p.wait * 2, longest_wait);
}

bool link_table::failed(incarnation peer, const std::string& why, bool is_refusal, time_point now) {
  auto i = peers_.find(peer);
  if (i == peers_.end())
    return false;
  down(peer, why, now);
  if (is_refusal && i->second.phase == link_phase::due)
    i->second.phase = link_phase::refused;
  return is_news(i->second.name, why);
}

bool link_table::refused(const peer_hello& hello, const std::string& why) {
  // What it says of itself may be of another cluster: it is a peer of the view only if it names a life that is in it.
  if (auto i = peers_.find(hello.self); i != peers_.end() && i->second.phase != link_phase::up) {
    i->second.phase = link_phase::refused;
    i->second.why = why;
  }
  return is_news(hello.name.substr(0, 64), why);
}

std::vector<std::string> link_table::overdue(time_point now) {
  std::vector<std::string> out;
  for (auto& [life, p] : peers_)
    if (p.phase == link_phase::awaited && !p.was_told_overdue && now - p.since >= overdue_after) {
      p.was_told_overdue = true;
      out.push_back(p.name);
    }
  return out;
}

peer_hello_answer link_table::judge(const peer_hello& hello) const {
  peer_hello_answer out;
  out.wire_version = self_.wire_version;
  out.cluster = self_.cluster;
  out.name = self_.name;
  out.self = self_.self;
  auto known = peers_.find(hello.self);
  if (hello.wire_version != self_.wire_version)
    out.reason = wire_versions_differ(hello.name.substr(0, 64), hello.wire_version, self_.name, self_.wire_version);
  else if (hello.cluster != self_.cluster)
    out.reason = clusters_differ(hello.name.substr(0, 64), hello.cluster, self_.name, self_.cluster);
  else if (hello.name >= self_.name)
    out.reason = "of two nodes the one with the lower name dials; " + quoted(hello.name) + " is not below " + quoted(self_.name);
  else if (hello.expected != self_.self) {
    out.is_to_come_again = true;
    out.reason = self_.name + " has begun a new life; the one that was meant is over";
  } else if (known == peers_.end() || known->second.name != hello.name) {
    out.is_to_come_again = true;
    out.reason = self_.name + " does not see this life of " + hello.name.substr(0, 64) + " in the store yet";
  } else {
    out.is_accepted = true;
  }
  return out;
}

std::string link_table::judge(incarnation peer, const peer_hello_answer& answer) const {
  const auto name = name_of(peer);
  if (answer.wire_version != self_.wire_version)
    return wire_versions_differ(self_.name, self_.wire_version, name, answer.wire_version);
  if (answer.cluster != self_.cluster)
    return clusters_differ(self_.name, self_.cluster, name, answer.cluster);
  if (!answer.is_accepted)
    return answer.reason.empty() ? name + " refused this node without a reason" : answer.reason;
  if (answer.self != peer)
    return answer.name == name ? name + " has begun a new life; the store does not show it yet"
                               : "at its address answers " + quoted(answer.name) + ", expected " + quoted(name)
                                   + ": look at cluster.advertise of both";
  return {};
}

peer_hello link_table::hello_to(incarnation peer) const {
  return {self_.wire_version, self_.cluster, self_.name, self_.self, peer};
}

std::string link_table::name_of(incarnation peer) const {
  auto i = peers_.find(peer);
  return i == peers_.end() ? std::string{} : i->second.name;
}

std::vector<peer_link> link_table::links() const {
  std::vector<peer_link> out;
  for (const auto& [life, p] : peers_)
    out.push_back({life, p.name, p.phase, p.why});
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

} // namespace lode

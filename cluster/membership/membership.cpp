#include "cluster/membership/membership.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace lode {

namespace {

/// Hints come in swarms when a node dies.
constexpr std::chrono::milliseconds between_hints{100};

} // namespace

membership_state::membership_state(membership_actor::pointer self, membership_parts parts)
  : self(self),
    parts(std::move(parts)),
    watch(this->parts.self),
    enter_at(self->clock().now() + wait_after_flaps(this->parts.flaps)) {}

membership_state::~membership_state() {
  answered();
}

membership_actor::behavior_type membership_state::make_behavior() {
  self->send(self, wake{});
  return {
    [this](wake) { work(); },
    [this](look_early) {
      look_at(std::max(self->clock().now(), last_look + between_hints));
      arm();
    },
    [this](const set_draining& order) -> caf::result<void> {
      if (auto why = parts.store->set_draining(parts.self, order.is_draining)) {
        failed(why);
        arm();
        return why;
      }
      look_at(self->clock().now());
      arm();
      return caf::unit;
    },
  };
}

void membership_state::work() {
  auto now = self->clock().now();
  if (now >= next_beat)
    has_beaten = beat();
  if (has_beaten && now >= next_look)
    look();
  arm();
}

bool membership_state::beat() {
  // Another node may count from when the counter moved, which is later than this.
  auto sent = parts.boot_time();
  auto now = self->clock().now();
  if (auto why = parts.store->beat(parts.self)) {
    failed(why);
    return false;
  }
  parts.held->renew(sent + heartbeat::lease);
  next_beat = now + heartbeat::interval;
  return true;
}

void membership_state::look() {
  auto sent = self->clock().now();
  last_look = sent;
  next_look = sent + heartbeat::look;
  is_missed = false;
  auto view = parts.store->look();
  if (!view)
    return failed(view.error());
  auto dead = watch.saw(*view, sent, self->clock().now());
  take_part(*view);
  show(std::move(*view));
  if (dead)
    bury(*dead);
  if (!is_missed)
    answered();
}

void membership_state::take_part(const cluster_view& view) {
  auto own = std::find_if(view.nodes.begin(), view.nodes.end(), [&](const auto& node) { return node.self == parts.self; });
  if (own == view.nodes.end() || own->state != node_state::joining)
    return;
  if (self->clock().now() < enter_at)
    return look_at(enter_at);
  if (auto why = parts.store->enter(parts.self))
    return failed(why);
  look_at(self->clock().now());
}

void membership_state::bury(const member_watch::burial& whom) {
  auto is_buried = parts.store->bury(whom.dead, whom.beat, whom.view);
  if (!is_buried)
    return failed(is_buried.error());
  if (*is_buried)
    look_at(self->clock().now()); // others may have died with it
}

void membership_state::show(cluster_view&& view) {
  if (shown && shows_the_same(*shown, view))
    return;
  shown = std::make_shared<const cluster_view>(std::move(view));
  parts.publish(shown);
}

void membership_state::failed(const caf::error& why) {
  watch.missed();
  is_missed = true;
  if (why == errc::not_owner || why == errc::conflict)
    parts.held->end();
  if (disposition_of(why) != disposition::wait) {
    has_ended = true;
    return self->quit(why);
  }
  if (!std::exchange(is_out, true))
    parts.report_outage(message_of(why));
  next_beat = next_look = self->clock().now() + heartbeat::look;
}

void membership_state::answered() {
  if (std::exchange(is_out, false))
    parts.report_outage({});
}

void membership_state::look_at(time_point when) {
  next_look = std::min(next_look, when);
}

void membership_state::arm() {
  alarm.dispose();
  if (has_ended)
    return;
  // In an outage the beat tells when it is over.
  auto next = has_beaten ? std::min(next_beat, next_look) : next_beat;
  alarm = self->run_delayed(std::max(next - self->clock().now(), time_point::duration{0}), [this] { work(); });
}

} // namespace lode

#include "runtime/manifest/live_lint.hpp"

#include <algorithm>

namespace lode {

namespace {

class live_linter {
public:
  live_linter(const std::string& file, const loaded_manifest& loaded, std::vector<diagnostic>& warnings)
    : file_(file), plan_(*loaded.plan), places_(loaded.places), warnings_(warnings) {}

  void check(const live_plan& live) {
    for (auto index : live.streams) {
      stream_ = &plan_.streams[index];
      check_order();
      check_deletes();
      check_fetch();
    }
    stream_ = &plan_.streams[live.streams.front()];
    if (auto* socket = std::get_if<websocket_settings>(&live.typed))
      check_socket(*socket);
    if (auto* hook = std::get_if<webhook_settings>(&live.typed))
      check_hook(*hook);
  }

private:
  const stream_live& live() const { return *stream_->lode.live; }

  template <class Holds>
  bool any_rule(Holds holds) const {
    return std::any_of(live().rules.begin(), live().rules.end(), holds);
  }

  void check_order() {
    auto is_full = any_rule([](auto& rule) { return rule.payload == live_payload::full; });
    if (is_full && stream_->lode.ordering_field.empty() && !live().max_event_delay)
      warn("whole records come as events, and nothing tells which of two states is newer: name ordering_field, or say with "
           "max_event_delay how late or out of order events may be (0s: never), so that doubtful ones are fetched again");
  }

  void check_deletes() {
    auto knows_deletes = any_rule([](auto& rule) { return !rule.delete_when.empty() || rule.payload != live_payload::full; });
    if (!knows_deletes)
      warn("no rule has delete_when: a record that is deleted stays until a full pass misses it");
  }

  void check_fetch() {
    if (!live().fetch)
      warn("without fetch a record whose order is in doubt cannot be asked for again; it stays as it came until a later page or event");
  }

  void check_socket(const websocket_settings& socket) {
    if (!socket.heartbeat && !socket.idle_timeout)
      warn("the websocket has neither heartbeat nor idle_timeout: a connection that died without a word is listened to for ever");
    if (socket.confirmed_by.empty() && !socket.subscribe.empty())
      warn("the websocket has no confirmed_by: what happens between the subscribe message and its effect is taken for heard");
  }

  void check_hook(const webhook_settings& hook) {
    if (!hook.signature)
      warn("the webhook has no signature: whoever knows its address can send records");
    if (!hook.sweep_every)
      warn("the webhook has no sweep_every: a delivery that never came is noticed by the next run only");
  }

  /// A parent that is not in the list has no place of its own.
  std::string path() const {
    auto found = places_.find(stream_->name);
    return found == places_.end() ? "#/streams" : found->second.path;
  }

  void warn(std::string message) {
    warnings_.push_back({diagnostic::level::warning, file_, live().line, path() + "/x-lode/live", "stream " + stream_->name + ": " + std::move(message)});
  }

  const std::string& file_;
  const source_plan& plan_;
  const std::map<std::string, manifest_place>& places_;
  std::vector<diagnostic>& warnings_;
  const stream_plan* stream_ = nullptr;
};

} // namespace

void lint_live(const std::string& file, const loaded_manifest& loaded, std::vector<diagnostic>& warnings) {
  live_linter linter{file, loaded, warnings};
  for (auto& live : loaded.plan->live)
    linter.check(live);
}

} // namespace lode

#pragma once

#include <algorithm>
#include <cassert>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/storage/membership_store.hpp"

namespace lode {

/// What the database holds of a cluster, for nodes of tests that share it. One thread.
struct cluster_model {
  struct life {
    node_row row;
  };

  explicit cluster_model(size_t shards) {
    for (size_t i = 0; i < shards; ++i)
      owners.push_back({shard_id{static_cast<int64_t>(i)}, {}, {}});
  }

  life* find(incarnation self) {
    auto i = lives.find(self.value);
    return i == lives.end() ? nullptr : &i->second;
  }

  /// A life under this name that is alive already is gone; its shards are this one's.
  joined_node join(const std::string& name, incarnation self) {
    joined_node result;
    std::erase_if(lives, [&](const auto& entry) {
      if (entry.second.row.name != name)
        return false;
      for (auto& shard : owners)
        if (shard.owner.value == entry.first) {
          shard.owner = self;
          ++shard.epoch.value;
          result.claims.push_back({shard.shard, shard.epoch});
        }
      ++view;
      return true;
    });
    lives[self.value].row = {name, self, node_state::joining, 100, 0, ""};
    result.view = view;
    return result;
  }

  cluster_view shown() const {
    cluster_view result{view, {}};
    for (const auto& [self, life] : lives)
      result.nodes.push_back(life.row);
    std::sort(result.nodes.begin(), result.nodes.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return result;
  }

  void set_state(life& of, node_state state) {
    view += std::exchange(of.row.state, state) != state;
  }

  void remove(incarnation self) {
    lives.erase(self.value);
    ++view;
  }

  int64_t view = 0;
  std::map<int64_t, life> lives;
  std::vector<shard_owner> owners;
};

/// One node's connection to it.
class model_store : public membership_store {
public:
  enum class trouble { none, unreachable, answer_lost };

  /// What a test can see and decide of a connection; shared, since the actor owns the store.
  struct wire {
    std::function<trouble(const std::string& call)> next = [](const std::string&) { return trouble::none; };
    std::map<std::string, int> calls;
    std::function<void(incarnation dead)> buried = [](incarnation) {};
    std::function<void()> beaten = [] {};
    std::function<void()> before_bury = [] {};
  };

  model_store(std::shared_ptr<cluster_model> model, std::shared_ptr<wire> line)
    : model_(std::move(model)), line_(std::move(line)) {}

  caf::expected<joined_node> join(const node_identity& node) override { return model_->join(node.name, node.self); }

  caf::error enter(incarnation self) override {
    return tell("enter", self, [](auto& model, auto& life) {
      if (life.row.state == node_state::joining)
        model.set_state(life, node_state::member);
    });
  }

  caf::error beat(incarnation self) override {
    auto why = tell("beat", self, [](auto&, auto& life) { ++life.row.beat; });
    if (!why)
      line_->beaten();
    return why;
  }

  caf::expected<cluster_view> look() override {
    return ask<cluster_view>("look", [&] { return model_->shown(); });
  }

  caf::expected<bool> bury(incarnation dead, int64_t beat, int64_t view) override {
    line_->before_bury();
    return ask<bool>("bury", [&] {
      auto* life = model_->find(dead);
      if (model_->view != view || !life || life->row.beat != beat)
        return false;
      line_->buried(dead);
      model_->remove(dead);
      return true;
    });
  }

  caf::error set_draining(incarnation self, bool is_draining) override {
    return tell("set_draining", self, [&](auto& model, auto& life) {
      if (is_draining || life.row.state == node_state::draining)
        model.set_state(life, is_draining ? node_state::draining : node_state::member);
    });
  }

  caf::error leave(incarnation self) override {
    return tell("leave", self, [&](auto& model, auto&) {
      for (auto& shard : model.owners)
        if (shard.owner == self)
          shard.owner = {};
      model.remove(self);
    });
  }

  caf::expected<std::vector<shard_owner>> owners() override {
    return ask<std::vector<shard_owner>>("owners", [&] { return model_->owners; });
  }

  caf::expected<std::vector<shard_claim>> claim(incarnation self, int64_t view, const std::vector<shard_id>& shards) override {
    auto* life = model_->find(self);
    if (model_->view != view || !life || life->row.state != node_state::member)
      return caf::make_error(errc::stale_version, "the view is another one");
    return ask<std::vector<shard_claim>>("claim", [&] {
      std::vector<shard_claim> result;
      for (auto id : shards) {
        auto& shard = model_->owners[static_cast<size_t>(id.value)];
        if (shard.owner != self && model_->find(shard.owner))
          continue;
        if (shard.owner != self) {
          shard.owner = self;
          ++shard.epoch.value;
        }
        result.push_back({shard.shard, shard.epoch});
      }
      return result;
    });
  }

  caf::error release(incarnation self, const std::vector<shard_id>& shards) override {
    auto done = ask<bool>("release", [&] {
      for (auto id : shards)
        if (auto& shard = model_->owners[static_cast<size_t>(id.value)]; shard.owner == self)
          shard.owner = {};
      return true;
    });
    return done ? caf::error{} : done.error();
  }

private:
  template <class T, class Act>
  caf::expected<T> ask(const std::string& call, Act act) {
    ++line_->calls[call];
    auto trouble = line_->next(call);
    if (trouble == trouble::unreachable)
      return caf::make_error(errc::store_unavailable, "the connection is down");
    T result = act();
    if (trouble == trouble::answer_lost)
      return caf::make_error(errc::store_unavailable, "the connection broke");
    return result;
  }

  template <class Act>
  caf::error tell(const std::string& call, incarnation self, Act act) {
    caf::error is_gone;
    auto done = ask<bool>(call, [&] {
      if (auto* life = model_->find(self))
        act(*model_, *life);
      else
        is_gone = caf::make_error(errc::not_owner, "this life was declared gone");
      return true;
    });
    return done ? is_gone : done.error();
  }

  std::shared_ptr<cluster_model> model_;
  std::shared_ptr<wire> line_;
};

} // namespace lode

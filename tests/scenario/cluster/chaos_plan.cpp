#include "tests/scenario/cluster/chaos_plan.hpp"

#include <algorithm>

#include "tests/support/planned_nodes.hpp"

namespace lode::test {

namespace {

enum class condition : uint8_t { up, frozen, down };

constexpr size_t most_nodes = 5;

class planner {
public:
  explicit planner(uint32_t seed) : dice_(seed) {}

  chaos_step next() {
    auto pause = std::chrono::milliseconds{200 + dice_.below(2800)};
    if (auto frozen = nodes_.those(condition::frozen); !frozen.empty() && stands_still_ + pause >= stands_still_until_) {
      pause = std::max(pause, stands_still_until_ - stands_still_);
      return {pause, trouble::thaw, nodes_.become(frozen[0], condition::up)};
    }
    auto possible = what_can_happen();
    auto what = dice_.one_of(possible);
    if (what == trouble::change || what == trouble::order)
      pause = std::chrono::milliseconds{300};
    stands_still_ += pause;
    if (what == trouble::freeze) {
      stands_still_ = {};
      stands_still_until_ = std::chrono::milliseconds{2500 + dice_.below(6000)}; // as a rule beyond the lease
    }
    return {pause, what, to_whom(what)};
  }

private:
  std::vector<trouble> what_can_happen() {
    std::vector<trouble> out{trouble::fast_restart, trouble::immediate_restart, trouble::change, trouble::order, trouble::order};
    if (nodes_.those(condition::up).size() > 1)
      out.insert(out.end(), {trouble::kill, trouble::kill, trouble::kill, trouble::terminate, trouble::terminate});
    if (nodes_.those(condition::up).size() > 1 && nodes_.those(condition::frozen).empty())
      out.insert(out.end(), {trouble::freeze, trouble::freeze});
    if (!nodes_.those(condition::down).empty())
      out.insert(out.end(), {trouble::start, trouble::start, trouble::start, trouble::start});
    if (nodes_.can_join())
      out.push_back(trouble::start);
    if (dice_.below(4) == 0)
      out.push_back(trouble::everything);
    return out;
  }

  std::string to_whom(trouble what) {
    switch (what) {
      case trouble::kill: return nodes_.become(dice_.one_of(nodes_.those(condition::up)), condition::down);
      case trouble::terminate: return nodes_.become(dice_.one_of(nodes_.those(condition::up)), condition::down);
      case trouble::freeze: return nodes_.become(dice_.one_of(nodes_.those(condition::up)), condition::frozen);
      case trouble::start: return nodes_.become(nodes_.startable(dice_), condition::up);
      case trouble::everything:
        nodes_.all_become(condition::up);
        return "";
      default: return "";
    }
  }

  dice dice_;
  planned_nodes<condition> nodes_{most_nodes};
  std::chrono::milliseconds stands_still_{}, stands_still_until_{}; ///< of the node that is frozen
};

std::string name_of(trouble what) {
  switch (what) {
    case trouble::kill: return "SIGKILL";
    case trouble::freeze: return "SIGSTOP";
    case trouble::thaw: return "SIGCONT";
    case trouble::terminate: return "SIGTERM";
    case trouble::start: return "start";
    case trouble::fast_restart: return "PostgreSQL: fast restart";
    case trouble::immediate_restart: return "PostgreSQL: immediate restart";
    case trouble::everything: return "everything is killed and started again";
    case trouble::change: return "records change";
    case trouble::order: return "runs are triggered";
  }
  return "?";
}

} // namespace

std::vector<chaos_step> plan_chaos(uint32_t seed, size_t count) {
  planner from{seed};
  std::vector<chaos_step> out;
  while (out.size() < count)
    out.push_back(from.next());
  return out;
}

std::string text_of(const std::vector<chaos_step>& plan) {
  return text_of_plan(plan, [](const chaos_step& step) { return name_of(step.what) + (step.node.empty() ? "" : " " + step.node); });
}

} // namespace lode::test

#include "tests/scenario/cluster/chaos_plan.hpp"

#include <algorithm>
#include <map>

#include "tests/support/dice.hpp"

namespace lode::test {

namespace {

enum class condition : uint8_t { up, frozen, down };

constexpr size_t most_nodes = 5;

class planner {
public:
  explicit planner(uint32_t seed) : dice_(seed) {}

  chaos_step next() {
    auto pause = std::chrono::milliseconds{200 + dice_.below(2800)};
    if (auto frozen = those(condition::frozen); !frozen.empty() && stands_still_ + pause >= stands_still_until_) {
      pause = std::max(pause, stands_still_until_ - stands_still_);
      return {pause, trouble::thaw, becomes(frozen[0], condition::up)};
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
  std::vector<std::string> those(condition wanted) const {
    std::vector<std::string> out;
    for (const auto& [name, is] : nodes_)
      if (is == wanted)
        out.push_back(name);
    return out;
  }

  std::vector<trouble> what_can_happen() {
    std::vector<trouble> out{trouble::fast_restart, trouble::immediate_restart, trouble::change, trouble::order, trouble::order};
    if (those(condition::up).size() > 1)
      out.insert(out.end(), {trouble::kill, trouble::kill, trouble::kill, trouble::terminate, trouble::terminate});
    if (those(condition::up).size() > 1 && those(condition::frozen).empty())
      out.insert(out.end(), {trouble::freeze, trouble::freeze});
    if (!those(condition::down).empty())
      out.insert(out.end(), {trouble::start, trouble::start, trouble::start, trouble::start});
    if (nodes_.size() < most_nodes)
      out.push_back(trouble::start);
    if (dice_.below(4) == 0)
      out.push_back(trouble::everything);
    return out;
  }

  std::string to_whom(trouble what) {
    switch (what) {
      case trouble::kill: return becomes(dice_.one_of(those(condition::up)), condition::down);
      case trouble::terminate: return becomes(dice_.one_of(those(condition::up)), condition::down);
      case trouble::freeze: return becomes(dice_.one_of(those(condition::up)), condition::frozen);
      case trouble::start: return becomes(startable(), condition::up);
      case trouble::everything:
        for (auto& [name, is] : nodes_)
          is = condition::up;
        return "";
      default: return "";
    }
  }

  std::string startable() {
    auto names = those(condition::down);
    if (nodes_.size() < most_nodes)
      names.push_back("n" + std::to_string(nodes_.size() + 1));
    return dice_.one_of(names);
  }

  std::string becomes(const std::string& name, condition is) {
    nodes_[name] = is;
    return name;
  }

  dice dice_;
  std::map<std::string, condition> nodes_{{"n1", condition::up}, {"n2", condition::up}, {"n3", condition::up}};
  std::chrono::milliseconds stands_still_{}, stands_still_until_{}; ///< of the node that is frozen
};

const char* name_of(trouble what) {
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
  std::string out;
  for (size_t i = 0; i < plan.size(); ++i)
    out += std::to_string(i + 1) + ". after " + std::to_string(plan[i].pause.count()) + " ms: " + name_of(plan[i].what)
           + (plan[i].node.empty() ? "" : " " + plan[i].node) + "\n";
  return out;
}

} // namespace lode::test

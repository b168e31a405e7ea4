#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/dice.hpp"

namespace lode::test {

/// What is to have become of nodes n1, n2, ... at a point of a plan. Begins with three that are up; others join, `most` at most.
/// `Condition` has `up` and `down`.
template <class Condition>
class planned_nodes {
public:
  explicit planned_nodes(size_t most) : most_(most) {}

  std::vector<std::string> those(Condition wanted) const {
    std::vector<std::string> out;
    for (const auto& [name, is] : nodes_)
      if (is == wanted)
        out.push_back(name);
    return out;
  }
  bool can_join() const { return nodes_.size() < most_; }

  /// One that is down, or a new one.
  std::string startable(dice& random) const {
    auto names = those(Condition::down);
    if (can_join())
      names.push_back("n" + std::to_string(nodes_.size() + 1));
    return random.one_of(names);
  }
  std::string become(const std::string& name, Condition is) {
    nodes_[name] = is;
    return name;
  }
  void all_become(Condition is) {
    for (auto& [name, was] : nodes_)
      was = is;
  }

private:
  size_t most_;
  std::map<std::string, Condition> nodes_{{"n1", Condition::up}, {"n2", Condition::up}, {"n3", Condition::up}};
};

/// For a person; `tell` says what a step does and to whom.
template <class Step, class Tell>
std::string text_of_plan(const std::vector<Step>& plan, Tell tell) {
  std::string out;
  for (size_t i = 0; i < plan.size(); ++i)
    out += std::to_string(i + 1) + ". after " + std::to_string(plan[i].pause.count()) + " ms: " + tell(plan[i]) + "\n";
  return out;
}

} // namespace lode::test

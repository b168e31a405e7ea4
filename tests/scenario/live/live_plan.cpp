#include "tests/scenario/live/live_plan.hpp"

#include <map>

#include "tests/support/dice.hpp"

namespace lode::test {

namespace {

enum class condition : uint8_t { up, drained, down };

constexpr size_t most_nodes = 4;

class planner {
public:
  explicit planner(uint32_t seed) : dice_(seed) {}

  live_step next() {
    const auto pause = std::chrono::milliseconds{100 + dice_.below(900)};
    const auto what = dice_.one_of(what_can_happen());
    return {pause, what, whom(what)};
  }

private:
  std::vector<std::string> those(condition wanted) const {
    std::vector<std::string> out;
    for (const auto& [name, is] : nodes_)
      if (is == wanted)
        out.push_back(name);
    return out;
  }

  std::vector<live_trouble> what_can_happen() const {
    using enum live_trouble;
    std::vector<live_trouble> out{change, change, change, change, change, change, cut, cut, cut, cut, refuse, restart_apis, order, order};
    if (those(condition::up).size() > 1)
      out.insert(out.end(), {kill, terminate, drain});
    if (!those(condition::drained).empty())
      out.insert(out.end(), {undrain, undrain});
    if (!those(condition::down).empty())
      out.insert(out.end(), {start, start, start});
    if (nodes_.size() < most_nodes)
      out.push_back(start);
    return out;
  }

  std::string whom(live_trouble what) {
    switch (what) {
      case live_trouble::cut: return dice_.one_of(std::vector<std::string>{"drop", "close", "reset", "half_open"});
      case live_trouble::refuse: return dice_.one_of(std::vector<std::string>{"server_error", "hang", "reset"});
      case live_trouble::kill:
      case live_trouble::terminate: return becomes(dice_.one_of(those(condition::up)), condition::down);
      case live_trouble::drain: return becomes(dice_.one_of(those(condition::up)), condition::drained);
      case live_trouble::undrain: return becomes(dice_.one_of(those(condition::drained)), condition::up);
      case live_trouble::start: return becomes(startable(), condition::up);
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
};

const char* name_of(live_trouble what) {
  switch (what) {
    case live_trouble::change: return "records change";
    case live_trouble::cut: return "sockets are cut:";
    case live_trouble::refuse: return "sockets are refused:";
    case live_trouble::restart_apis: return "the APIs are killed and started again";
    case live_trouble::order: return "runs are triggered";
    case live_trouble::kill: return "SIGKILL";
    case live_trouble::terminate: return "SIGTERM";
    case live_trouble::drain: return "drain";
    case live_trouble::undrain: return "undrain";
    case live_trouble::start: return "start";
  }
  return "?";
}

} // namespace

std::vector<live_step> plan_live_trouble(uint32_t seed, size_t count) {
  planner from{seed};
  std::vector<live_step> out;
  while (out.size() < count)
    out.push_back(from.next());
  return out;
}

std::string text_of(const std::vector<live_step>& plan) {
  std::string out;
  for (size_t i = 0; i < plan.size(); ++i)
    out += std::to_string(i + 1) + ". after " + std::to_string(plan[i].pause.count()) + " ms: " + name_of(plan[i].what)
           + (plan[i].whom.empty() ? "" : " " + plan[i].whom) + "\n";
  return out;
}

} // namespace lode::test

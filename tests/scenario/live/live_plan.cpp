#include "tests/scenario/live/live_plan.hpp"

#include "tests/support/planned_nodes.hpp"

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
  std::vector<live_trouble> what_can_happen() const {
    using enum live_trouble;
    std::vector<live_trouble> out{change, change, change, change, change, change, cut, cut, cut, cut, refuse, restart_apis, order, order};
    if (nodes_.those(condition::up).size() > 1)
      out.insert(out.end(), {kill, terminate, drain});
    if (!nodes_.those(condition::drained).empty())
      out.insert(out.end(), {undrain, undrain});
    if (!nodes_.those(condition::down).empty())
      out.insert(out.end(), {start, start, start});
    if (nodes_.can_join())
      out.push_back(start);
    return out;
  }

  std::string whom(live_trouble what) {
    switch (what) {
      case live_trouble::cut: return dice_.one_of(std::vector<std::string>{"drop", "close", "reset", "half_open"});
      case live_trouble::refuse: return dice_.one_of(std::vector<std::string>{"server_error", "hang", "reset"});
      case live_trouble::kill:
      case live_trouble::terminate: return nodes_.become(dice_.one_of(nodes_.those(condition::up)), condition::down);
      case live_trouble::drain: return nodes_.become(dice_.one_of(nodes_.those(condition::up)), condition::drained);
      case live_trouble::undrain: return nodes_.become(dice_.one_of(nodes_.those(condition::drained)), condition::up);
      case live_trouble::start: return nodes_.become(nodes_.startable(dice_), condition::up);
      default: return "";
    }
  }

  dice dice_;
  planned_nodes<condition> nodes_{most_nodes};
};

std::string name_of(live_trouble what) {
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
  return text_of_plan(plan, [](const live_step& step) { return name_of(step.what) + (step.whom.empty() ? "" : " " + step.whom); });
}

} // namespace lode::test

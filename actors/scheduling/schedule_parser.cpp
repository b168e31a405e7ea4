#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <span>

#include "actors/scheduling/duration_text.hpp"
#include "actors/scheduling/schedule.hpp"
#include "messages/type_ids.hpp"

namespace lode {

namespace {

using namespace std::chrono_literals;
namespace json = boost::json;
using std::chrono::milliseconds;

template <class T>
struct named {
  std::string_view name;
  T value;
};
constexpr std::array overlap_names{named{"skip", overlap_policy::skip}, named{"queue", overlap_policy::queue}};
constexpr std::array missed_names{named{"run_once", missed_policy::run_once}, named{"skip", missed_policy::skip}};
constexpr std::array priority_names{named{"low", urgency::low}, named{"normal", urgency::normal},
                                    named{"high", urgency::high}};
constexpr std::array<std::string_view, 5> common_keys{"jitter", "overlap", "missed", "feedback", "priority"};

/// Reads one schedule and collects what is wrong with it.
class schedule_reader {
public:
  schedule_reader(const json::object& object, const schedule_registry& kinds) : object_(object), kinds_(kinds) {}

  caf::expected<schedule> read() {
    read_policy();
    result_.jitter = read_duration(object_, "jitter", 0ms).value_or(0ms);
    read_name("overlap", overlap_names, result_.overlap);
    read_name("missed", missed_names, result_.missed);
    read_name("priority", priority_names, result_.priority);
    read_feedback();
    if (result_.every && result_.jitter > *result_.every)
      complain("jitter", object_.at("jitter"), "at most the interval of " + duration_text(*result_.every));
    if (!mistakes_.empty())
      return caf::make_error(errc::bad_argument, "schedule: " + mistakes_);
    return std::move(result_);
  }

private:
  void complain(std::string text) { mistakes_ += (mistakes_.empty() ? "" : "; ") + text; }
  void complain(std::string_view key, const json::value& found, std::string_view allowed) {
    complain(std::string{key} + ": " + json::serialize(found) + ", allowed is " + std::string{allowed});
  }

  void read_policy() {
    const schedule_kind* chosen = nullptr;
    std::string selectors;
    size_t found = 0;
    for (const auto& name : kinds_.names()) {
      const auto* kind = *kinds_.find(name);
      selectors += (selectors.empty() ? "" : ", ") + kind->keys.front();
      if (object_.contains(kind->keys.front())) {
        chosen = kind;
        ++found;
      }
    }
    if (found != 1)
      return complain(std::to_string(found) + " of the keys " + selectors + " found, needed is exactly one");
    refuse_unknown_keys(*chosen);
    auto made = make(*chosen);
    if (!made)
      return complain(message_of(made.error()));
    result_.policy = *made;
    result_.every = chosen->keys.front() == "every" ? read_duration(object_, "every", 1s) : std::nullopt;
  }

  /// Kinds are users' code too, called on threads of actors that all tenants share.
  caf::expected<schedule_policy_pointer> make(const schedule_kind& kind) const {
    try {
      if (auto made = kind.make(object_); !made || *made)
        return made;
      return caf::make_error(errc::bad_argument, kind.keys.front() + " makes no policy and does not say why");
    } catch (const std::exception& problem) {
      return caf::make_error(errc::bad_argument, kind.keys.front() + ": " + problem.what());
    } catch (...) {
      return caf::make_error(errc::bad_argument, kind.keys.front() + ": it threw what is no std::exception");
    }
  }

  void refuse_unknown_keys(const schedule_kind& kind) {
    for (const auto& entry : object_) {
      std::string_view key{entry.key().data(), entry.key().size()};
      if (std::ranges::count(kind.keys, key) + std::ranges::count(common_keys, key) == 0)
        complain(key, entry.value(), allowed_keys(kind));
    }
  }

  static std::string allowed_keys(const schedule_kind& kind) {
    std::string text = "no such key; with '" + kind.keys.front() + "' there can be";
    for (size_t i = 1; i < kind.keys.size(); ++i)
      text += " " + kind.keys[i];
    for (auto key : common_keys)
      text += " " + std::string{key};
    return text;
  }

  std::optional<milliseconds> read_duration(const json::object& object, std::string_view key, milliseconds least) {
    const auto* found = object.if_contains({key.data(), key.size()});
    if (!found)
      return {};
    auto span = found->is_string() ? parse_duration(std::string{found->get_string()}) : std::nullopt;
    if (!span || *span < least) {
      complain(key, *found, "a duration from " + duration_text(least) + " to 366d such as \"2m\" or \"1h30m\"");
      return {};
    }
    return span;
  }

  template <class T, size_t N>
  void read_name(std::string_view key, const std::array<named<T>, N>& names, T& result) {
    const auto* found = object_.if_contains({key.data(), key.size()});
    if (!found)
      return;
    std::string allowed;
    for (const auto& each : names) {
      if (found->is_string() && std::string_view{found->get_string().data(), found->get_string().size()} == each.name) {
        result = each.value;
        return;
      }
      allowed += (allowed.empty() ? "" : ", ") + std::string{each.name};
    }
    complain(key, *found, "one of " + allowed);
  }

  void read_feedback() {
    const auto* found = object_.if_contains("feedback");
    if (!found)
      return;
    if (!object_.contains("every"))
      return complain("feedback", *found, "only with 'every': there is no other interval to move");
    const auto* bounds = found->if_object();
    if (!bounds || bounds->size() != 2 || !bounds->contains("min") || !bounds->contains("max"))
      return complain("feedback", *found, "an object {\"min\":\"1m\",\"max\":\"6h\"}");
    auto min = read_duration(*bounds, "min", 1s);
    auto max = read_duration(*bounds, "max", 1s);
    if (!min || !max || !result_.every)
      return;
    if (*min > *result_.every || *max < *result_.every)
      return complain("feedback", *found, "min <= every <= max, every is " + duration_text(*result_.every));
    result_.feedback = feedback_bounds{*min, *max};
  }

  const json::object& object_;
  const schedule_registry& kinds_;
  schedule result_;
  std::string mistakes_;
};

} // namespace

caf::expected<schedule> parse_schedule(std::string_view json_text, const schedule_registry& kinds) {
  json::error_code problem;
  auto value = json::parse({json_text.data(), json_text.size()}, problem);
  if (problem || !value.is_object())
    return caf::make_error(errc::bad_argument, "schedule: '" + std::string{json_text.substr(0, 200)}
                                                 + "' is not a JSON object such as {\"every\":\"15m\"}");
  return schedule_reader{value.get_object(), kinds}.read();
}

caf::expected<schedule> parse_schedule(std::string_view json_text) {
  static const auto kinds = builtin_schedules();
  return parse_schedule(json_text, kinds);
}

} // namespace lode

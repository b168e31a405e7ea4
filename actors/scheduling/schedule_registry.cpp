#include "actors/scheduling/schedule_registry.hpp"

#include <boost/json.hpp>

#include <algorithm>

#include "actors/scheduling/cron.hpp"
#include "actors/scheduling/duration_text.hpp"
#include "messages/type_ids.hpp"

namespace lode {

namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

class interval_policy : public schedule_policy {
public:
  explicit interval_policy(std::chrono::milliseconds period) : period_(period) {}

  std::optional<instant> first(instant made) const override { return made; }

  std::optional<instant> next(instant last, instant beyond) const override {
    return last + ((beyond - last) / period_ + 1) * period_;
  }

private:
  std::chrono::microseconds period_;
};

class cron_policy : public schedule_policy {
public:
  explicit cron_policy(cron_expression expression) : expression_(std::move(expression)) {}

  std::optional<instant> first(instant made) const override { return expression_.next(made); }
  std::optional<instant> next(instant, instant beyond) const override { return expression_.next(beyond); }

private:
  cron_expression expression_;
};

class manual_policy : public schedule_policy {
public:
  std::optional<instant> first(instant) const override { return {}; }
  std::optional<instant> next(instant, instant) const override { return {}; }
};

caf::error bad(const char* key, const json::value& found, const char* allowed) {
  return caf::make_error(errc::bad_argument,
                         std::string{key} + ": " + json::serialize(found) + ", allowed is " + allowed);
}

caf::expected<schedule_policy_pointer> make_interval(const json::object& object) {
  const auto& every = object.at("every");
  auto period = every.is_string() ? parse_duration(std::string{every.get_string()}) : std::nullopt;
  if (!period || *period < 1s)
    return bad("every", every, "a duration from 1s to 366d such as \"15m\" or \"1h30m\"");
  return make_interval_policy(*period);
}

caf::expected<schedule_policy_pointer> make_cron(const json::object& object) {
  const auto& fields = object.at("cron");
  if (!fields.is_string())
    return bad("cron", fields, "a string of five fields such as \"0 */6 * * *\"");
  std::string zone = "UTC";
  if (const auto* given = object.if_contains("time_zone")) {
    if (!given->is_string())
      return bad("time_zone", *given, "a name such as \"Europe/Berlin\"");
    zone = std::string{given->get_string()};
  }
  auto expression = cron_expression::parse(std::string{fields.get_string()}, zone);
  if (!expression)
    return std::move(expression.error());
  return std::make_shared<const cron_policy>(std::move(*expression));
}

caf::expected<schedule_policy_pointer> make_manual(const json::object& object) {
  if (const auto& manual = object.at("manual"); manual != json::value(true))
    return bad("manual", manual, "true; leave the key out for anything else");
  return std::make_shared<const manual_policy>();
}

} // namespace

schedule_policy_pointer make_interval_policy(std::chrono::milliseconds period) {
  return std::make_shared<const interval_policy>(std::max<std::chrono::milliseconds>(period, 1s));
}

schedule_registry builtin_schedules() {
  return schedule_registry{"schedule policy",
                           {{"interval", {{"every"}, make_interval}},
                            {"cron", {{"cron", "time_zone"}, make_cron}},
                            {"manual", {{"manual"}, make_manual}}}};
}

} // namespace lode

#include "tests/scenario/sinks/told_changes.hpp"

#include <algorithm>
#include <set>

namespace lode::test {

namespace {

std::string text(const boost::json::object& from, const char* name) {
  return std::string{from.at(name).as_string()};
}

} // namespace

std::string text_of(const feed_place& place, const feed_change& change) {
  return "shard " + std::to_string(place.first) + ", seq " + std::to_string(place.second) + ": " + change.tenant + " "
         + change.stream + " " + change.key + " " + change.change + " " + change.hash;
}

told_change read_change(int64_t shard, const boost::json::object& from) {
  told_change out;
  out.place = {shard, from.at("seq").to_number<int64_t>()};
  out.what = {text(from, "tenant"), text(from, "stream"), text(from, "key"), text(from, "change"), text(from, "hash")};
  if (const auto* record = from.if_contains("record"))
    out.record = *record;
  out.is_replaced = from.contains("replaced");
  return out;
}

std::vector<std::string> mistakes_of_order(const std::vector<told_change>& told) {
  std::map<int64_t, std::set<int64_t>> seen;
  std::vector<std::string> out;
  for (const auto& each : told) {
    auto& before = seen[each.place.first];
    const bool is_new = before.insert(each.place.second).second;
    if (is_new && each.place.second < *before.rbegin())
      out.push_back("older than seq " + std::to_string(*before.rbegin())
                    + " and told after it: " + text_of(each.place, each.what));
  }
  return out;
}

std::vector<std::string> mistakes_of_content(const std::vector<told_change>& told, const stored_truth& truth) {
  std::vector<std::string> out;
  for (const auto& each : told) {
    const auto entry = truth.feed.find(each.place);
    const auto last = truth.latest.find(each.place);
    const bool is_deleted = each.what.change == "deleted";
    if (entry == truth.feed.end() || entry->second != each.what)
      out.push_back("is not what the feed has: " + text_of(each.place, each.what));
    else if (is_deleted ? each.is_replaced || !each.record.is_null() : each.is_replaced == each.record.is_object())
      out.push_back("has a record and must not, or the other way round: " + text_of(each.place, each.what));
    else if (last != truth.latest.end() && last->second != each.record)
      out.push_back("is the last one of its key, and its record is not the one stored: "
                    + text_of(each.place, each.what));
  }
  return out;
}

std::vector<std::string> missing_in(const std::vector<told_change>& told, const stored_truth& truth) {
  std::set<feed_place> places;
  for (const auto& each : told)
    places.insert(each.place);
  std::vector<std::string> out;
  for (const auto& [place, change] : truth.feed)
    if (!places.contains(place))
      out.push_back(text_of(place, change));
  return out;
}

std::vector<std::string> unexcused_repeats(const std::vector<acknowledged_change>& all,
                                           const std::vector<std::chrono::steady_clock::time_point>& disturbances,
                                           std::chrono::milliseconds lag) {
  std::map<feed_place, const acknowledged_change*> earlier;
  std::vector<std::string> out;
  for (const auto& each : all) {
    const auto* before = std::exchange(earlier[each.told.place], &each);
    if (!before || !before->is_heard)
      continue;
    const bool is_excused =
      std::ranges::any_of(disturbances, [&](const auto& when) { return before->at <= when + lag && each.at >= when; });
    if (!is_excused)
      out.push_back("acknowledged, heard and told again: " + text_of(each.told.place, each.told.what));
  }
  return out;
}

size_t repeats_in(const std::vector<told_change>& told) {
  std::set<feed_place> places;
  return static_cast<size_t>(
    std::ranges::count_if(told, [&](const auto& each) { return !places.insert(each.place).second; }));
}

} // namespace lode::test

#include "runtime/cli/demo/request_log.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <string>
#include <unordered_set>

namespace lode::demo {

namespace json = boost::json;

namespace {

struct entry {
  int64_t time = 0;
  std::string tenant;
  std::string page; ///< of a page that was read whole, else ""
};

entry read_entry(std::string_view line) {
  json::error_code problem;
  auto value = json::parse({line.data(), line.size()}, problem);
  if (problem || !value.is_object())
    return {};
  const auto& object = value.get_object();
  auto text = [&](const char* name) {
    const auto* found = object.if_contains(name);
    return found && found->is_string() ? std::string{found->get_string()} : std::string{};
  };
  const auto* status = object.if_contains("status");
  const auto* time = object.if_contains("time");
  const auto* completed = object.if_contains("completed");
  auto is_whole = status && time && completed && *status == 200 && *completed == true && text("fault").empty();
  if (!is_whole || text("page").empty())
    return {};
  return {time->to_number<int64_t>(), text("tenant"), text("page")};
}

} // namespace

int64_t count_refetched(std::string_view log, const refetch_question& asked) {
  std::unordered_set<std::string> before;
  int64_t again = 0;
  while (!log.empty()) {
    auto line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(line.size() + 1, log.size()));
    auto found = read_entry(line);
    if (found.page.empty() || found.time < asked.pass_began || (!asked.tenants.empty() && !asked.tenants.contains(found.tenant)))
      continue;
    auto page = found.tenant + "|" + found.page;
    if (found.time < asked.kill)
      before.insert(std::move(page));
    else
      again += static_cast<int64_t>(before.erase(page)); // counts once however often it came
  }
  return again;
}

} // namespace lode::demo

#include "runtime/console/why.hpp"

#include <algorithm>

#include "runtime/console/rfc3339.hpp"

namespace lode {

namespace {

using namespace std::chrono_literals;

std::string in_brackets(const std::string& detail) {
  return detail.empty() ? "" : " (" + detail + ")";
}

std::string after_colon(const std::string& detail) {
  return detail.empty() ? "." : ": " + detail;
}

/// " for 3 h 12 min", or nothing where it is not known since when.
std::string for_so_long(const standing_row& row, instant now) {
  return row.since && *row.since < now ? " for " + span_words(now - *row.since) : "";
}

std::string who(const standing_row& row) {
  return row.is_held_by_tenant ? "Tenant " + row.tenant_name : "Connection " + row.connection_name;
}

std::string command(const std::string& verb, const standing_row& row) {
  return row.is_held_by_tenant ? "lode tenant " + verb + " " + row.tenant_name
                               : "lode connection " + verb + " " + row.tenant_name + " " + row.connection_name;
}

why_words why_fine(const standing_row& row, instant now) {
  if (row.connection.value == 0)
    return {"The tenant has no connection.", "Make one: lode connection put " + row.tenant_name + " NAME FILE"};
  if (row.records_per_second > 0)
    return {"It is being read: about " + std::to_string(static_cast<int64_t>(row.records_per_second)) + " records a second.", ""};
  if (row.due && *row.due > now)
    return {"It is up to date and runs again in " + span_words(*row.due - now) + ".", ""};
  if (row.due)
    return {"Its run is due.", ""};
  return {"It waits for nothing: it runs when it is triggered.", "lode run trigger " + row.tenant_name + " " + row.connection_name};
}

why_words why_queued(const standing_row& row, instant now) {
  return {"It is due" + for_so_long(row, now) + " and waits for its turn" + in_brackets(row.detail)
            + ": as many runs are under way as the nodes take at a time.",
          "It goes on by itself. Where it lasts: more nodes, or higher limits (mining.*)."};
}

/// What a person has to do depends on what was wrong. A wrong configuration names its command (suspension_reason.hpp).
std::string help_of_suspension(const standing_row& row) {
  const auto names = " " + row.tenant_name + " " + row.connection_name;
  const auto then = " Then: " + command("resume", row);
  if (row.detail.find("lode connection put") != row.detail.npos)
    return "Put the connection again with what is right: lode connection put" + names + " FILE; or repair the source: lode source put." + then;
  return "Repair what it names; for refused credentials: lode connection secrets" + names + "." + then;
}

} // namespace

std::string span_words(std::chrono::microseconds span) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span).count();
  auto two = [](int64_t large, const char* unit, int64_t small, const char* part) {
    return std::to_string(large) + " " + unit + (small > 0 ? " " + std::to_string(small) + " " + part : "");
  };
  if (seconds < 60)
    return std::to_string(std::max<int64_t>(seconds, 0)) + " s";
  if (seconds < 3600)
    return two(seconds / 60, "min", seconds % 60, "s");
  if (seconds < 86'400)
    return two(seconds / 3600, "h", seconds / 60 % 60, "min");
  return two(seconds / 86'400, "d", seconds / 3600 % 24, "h");
}

std::chrono::seconds lateness_of(const standing_row& standing, instant now) {
  return standing.state == activity::active && standing.due && *standing.due < now ? std::chrono::duration_cast<std::chrono::seconds>(now - *standing.due) : 0s;
}

why_words why_of(const standing_row& row, instant now) {
  const auto lasts = for_so_long(row, now);
  switch (row.reason) {
    case wait_reason::none: return why_fine(row, now);
    case wait_reason::queued: return why_queued(row, now);
    case wait_reason::quota:
      return {"It waits" + lasts + " for a limit of the API" + in_brackets(row.detail)
                + (row.until && *row.until > now ? "; the next request goes out in " + span_words(*row.until - now) + "." : "."),
              "It goes on by itself. A higher limit at the API, or a longer interval, makes it wait less."};
    case wait_reason::store_slow:
      return {"What was fetched" + lasts + " does not commit: the database does not keep up, or does not answer" + in_brackets(row.detail) + ".",
              "Look at the load and the disk of PostgreSQL (lode status). It goes on by itself once the database answers."};
    case wait_reason::api_slow:
      return {"A request" + lasts + " has no answer: the API is slow or hangs" + in_brackets(row.detail) + ".",
              "It is given up after its time limit and made again. Where it lasts, ask whoever runs the API."};
    case wait_reason::backing_off:
      if (!row.until && row.due && *row.due > now)
        return {"What it read last is not all there" + in_brackets(row.detail) + ". What is missing has been owed" + lasts + " and is read again in "
                  + span_words(*row.due - now) + ".",
                "It goes on by itself once the API answers. What it answered is listed with the connection's last errors."};
      if (!row.until && !row.due)
        return {"What it read last is not all there" + in_brackets(row.detail) + ". What is missing has been owed" + lasts
                  + ", and nothing reads it by itself: it runs when it is triggered.",
                "Put right what it names, then: lode run trigger " + row.tenant_name + " " + row.connection_name};
      return {"A request failed" + in_brackets(row.detail) + "; it has been tried again" + lasts
                + (row.until && *row.until > now ? ", next in " + span_words(*row.until - now) + "." : "."),
              "It goes on by itself once the API answers. What it answered is listed with the connection's last errors."};
    case wait_reason::not_heard:
      return {"Its live side has not been heard" + lasts + after_colon(row.detail) + (row.detail.empty() ? "" : "."),
              "The subscription is made again by itself, and what was missed is repaired. Until then changes come with its scheduled runs only."};
    case wait_reason::moving:
      return {"No node has its shard (" + std::to_string(row.shard.value) + ") at the moment: its node has gone, or hands it over.",
              "Another node takes it within seconds. Where it lasts, none is up: start one."};
    case wait_reason::paused:
      return {who(row) + " was paused by a person" + (row.since ? " at " + format_time(*row.since) : "") + after_colon(row.detail), command("resume", row)};
    case wait_reason::suspended:
      return {who(row) + " has been suspended" + lasts + after_colon(row.detail),
              help_of_suspension(row)};
  }
  return {};
}

} // namespace lode

#include "runtime/cli/terminal/why_text.hpp"

#include <boost/json.hpp>

#include <array>

#include "runtime/cli/terminal/figures.hpp"
#include "runtime/cli/terminal/text.hpp"

namespace lode {

namespace json = boost::json;

std::string quoted(const std::string& name) {
  constexpr auto plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:@/+";
  if (!name.empty() && name[0] != '-' && name.find_first_not_of(plain) == name.npos)
    return name;
  std::string out = "'";
  for (char c : name)
    out += c == '\'' ? "'\\''" : std::string{c};
  return out + "'";
}

namespace {

struct reason_words {
  std::string_view reason;
  std::string_view words;
};
constexpr std::array known{reason_words{"none", "nothing holds it up"},
                           reason_words{"queued", "waits for its turn"},
                           reason_words{"quota", "waits for quota"},
                           reason_words{"store_slow", "waits for the store"},
                           reason_words{"api_slow", "waits for an API that is slow"},
                           reason_words{"backing_off", "waits before it asks the API again"},
                           reason_words{"not_heard", "is not heard live"},
                           reason_words{"moving", "waits for a node to take it"},
                           reason_words{"paused", "is paused"},
                           reason_words{"suspended", "is suspended"}};

std::string words_of(const std::string& reason) {
  for (const auto& each : known)
    if (each.reason == reason)
      return std::string{each.words};
  return "waits for " + reason;
}

/// "acme main: waits for quota since 2026-11-27T16:58:00Z (2m), until 2026-11-27T17:01:00Z"
std::string first_line(const json::object& why, const why_facts& facts) {
  const auto connection = text_in(why, "connection"); // "" for a tenant that has none
  auto line = printable(facts.tenant) + (connection.empty() ? "" : " " + connection) + ": " + words_of(text_in(why, "waits_for"));
  if (auto since = text_in(why, "since"); !since.empty()) {
    line += " since " + since;
    if (auto age = span_between(since, facts.now))
      line += " (" + span_text(*age) + ")";
  }
  if (auto until = text_in(why, "until"); !until.empty())
    line += ", until " + until;
  return line;
}

/// How late it is, and when it runs next.
std::string lateness_line(const json::object& why) {
  std::string line;
  if (auto late = number_in(why, "lateness_seconds"); late && *late > 0)
    line = "it is " + span_text(std::chrono::seconds{static_cast<int64_t>(*late)}) + " late";
  if (auto next = text_in(why, "next_run"); !next.empty())
    line += (line.empty() ? "" : "; ") + std::string{"next run "} + next;
  return line;
}

std::vector<std::string> commands_of_pause(const std::string& reason, const std::string& help, const std::string& names, const why_facts& facts) {
  if (facts.tenant_state == "paused" || facts.tenant_state == "suspended")
    return {"lode tenant resume " + quoted(facts.tenant)};
  if (reason == "paused")
    return {"lode connection resume " + names};
  const auto resume = "lode connection resume " + names + "   # then, or when what the reason names is put right";
  if (help.find("lode connection put ") != help.npos) // the node says so: new credentials would not help
    return {"lode connection put " + names + " FILE   # with a configuration that is right; secrets that are left out stay", resume};
  return {"lode connection secrets " + names + " FILE   # new credentials as JSON, where they are what is wrong; - reads them from standard input",
          resume};
}

/// What to type, for what it waits for.
std::vector<std::string> commands_of(const std::string& reason, const std::string& help, const std::string& names, const why_facts& facts) {
  if (reason == "paused" || reason == "suspended")
    return commands_of_pause(reason, help, names, facts);
  if (reason == "api_slow" || reason == "backing_off")
    return {"lode connection errors " + names + "   # what the API answered last"};
  if (reason == "not_heard")
    return {"lode connection gaps " + names + "   # what was missed, and why"};
  if (reason == "queued" || reason == "moving")
    return {"lode cluster status   # which nodes there are, and what they do"};
  if (reason == "store_slow")
    return {"lode doctor   # looks at the database"};
  return {};
}

} // namespace

std::vector<std::string> why_text(const json::object& why, const why_facts& facts) {
  const auto reason = text_in(why, "waits_for");
  const auto names = quoted(printable(facts.tenant)) + " " + quoted(text_in(why, "connection"));
  std::vector<std::string> out{first_line(why, facts)};
  const auto add = [&](const std::string& before, const std::string& text) {
    if (!text.empty())
      out.push_back("  " + before + text);
  };
  add("", text_in(why, "text"));
  add("", lateness_line(why));
  const auto help = text_in(why, "help");
  add(help.starts_with("lode ") ? "$ " : "what helps: ", help);
  for (const auto& command : commands_of(reason, help, names, facts))
    if (command != help)
      add("$ ", command);
  for (const auto& stream : array_in(why, "unconfirmed_deletes")) {
    const auto name = printable(stream.is_string() ? std::string_view{stream.get_string()} : std::string_view{});
    add("", "a full pass misses too much of " + name + " to delete it unasked; if it really is gone:");
    add("$ ", "lode connection confirm-deletes " + names + " " + quoted(name) + " && lode run trigger " + names + " --kind full");
  }
  return out;
}

} // namespace lode

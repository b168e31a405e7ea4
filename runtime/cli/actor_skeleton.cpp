#include "runtime/cli/actor_skeleton.hpp"

#include <algorithm>
#include <fstream>

#include "messages/type_ids.hpp"
#include "runtime/cli/template_files.hpp"

namespace lode {

namespace {

constexpr size_t longest_name = 32;

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names)
    all += (all.empty() ? "" : ", ") + name;
  return all;
}

std::vector<std::string> with(std::vector<std::string> names, std::initializer_list<const char*> more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

/// Names that stand for something already where this kind is named.
std::vector<std::string> taken_names(const std::string& kind, const extensions& known) {
  if (kind == "miner")
    return known.miners.names();
  if (kind == "step")
    return known.steps.names();
  if (kind == "listener")
    return known.listeners.names();
  if (kind == "sink")
    return with(known.sinks.names(), {"streams", "from"});
  return with(known.schedules.names(), {"every", "time_zone", "jitter", "overlap", "missed", "feedback", "priority"});
}

/// Words of a-z and 0-9 with one _ between them; the first begins with a letter.
bool is_name(std::string_view text) {
  auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  auto is_fine = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= longest_name && is_letter(text.front()) && text.back() != '_'
         && text.find("__") == text.npos && std::all_of(text.begin(), text.end(), is_fine);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

} // namespace

const std::vector<std::string>& skeleton_kinds() {
  static const std::vector<std::string> kinds{"miner", "step", "listener", "sink", "schedule"};
  return kinds;
}

caf::error check(const actor_skeleton& asked, const extensions& known) {
  const auto& kinds = skeleton_kinds();
  if (std::find(kinds.begin(), kinds.end(), asked.kind) == kinds.end())
    return caf::make_error(errc::bad_argument,
                           "there is no kind '" + asked.kind + "'; --kind is one of: " + joined(kinds));
  if (!is_name(asked.name))
    return caf::make_error(errc::bad_argument,
                           "'" + asked.name
                             + "' can't be the name: it becomes part of C++ and YAML, so it is made of "
                               "a-z, 0-9 and single _ between them, begins with a letter and has at most "
                             + std::to_string(longest_name) + " characters, such as orders_api");
  if (asked.name == "main" || asked.name == "linux" || asked.name == "unix")
    return caf::make_error(errc::bad_argument, "'" + asked.name + "' means something to the compiler or is a file of the skeleton; "
                                                 "choose another name, such as orders_api");
  if (auto taken = taken_names(asked.kind, known); std::find(taken.begin(), taken.end(), asked.name) != taken.end())
    return caf::make_error(errc::conflict, "'" + asked.name + "' means something already where a " + asked.kind
                                             + " is named; choose a name beside: " + joined(taken));
  return {};
}

caf::error write(const actor_skeleton& asked, std::vector<std::string>& written) {
  namespace fs = std::filesystem;
  std::error_code problem;
  fs::create_directories(fs::absolute(asked.folder).parent_path(), problem);
  if (!fs::create_directory(asked.folder, problem)) {
    if (!problem || fs::exists(asked.folder))
      return caf::make_error(errc::conflict, asked.folder.string()
                                               + " exists; name another place with --directory, or remove it first");
    return caf::make_error(errc::bad_argument,
                           "can't make the folder " + asked.folder.string() + ": " + problem.message());
  }
  for (const auto& file : template_files()) {
    if (file.kind != "every" && file.kind != asked.kind)
      continue;
    auto name = replaced(std::string{file.name}, "NAME", asked.name);
    std::ofstream out{asked.folder / name, std::ios::binary};
    out << replaced(replaced(std::string{file.text}, "@NAME@", asked.name), "@KIND@", asked.kind);
    if (!out.flush())
      return caf::make_error(errc::bad_argument,
                             "can't write " + (asked.folder / name).string() + "; is the disk full?");
    written.push_back(name);
  }
  return {};
}

} // namespace lode

#include "runtime/cli/actor_skeleton.hpp"

#include <algorithm>
#include <array>
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

/// What people meant, as a name: "Orders-API" is orders_api. "" where nothing of it can stay.
std::string as_name(std::string_view text) {
  std::string out;
  for (auto c : text) {
    const bool is_upper = c >= 'A' && c <= 'Z', is_word = is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_word)
      out += is_upper ? static_cast<char>(c + ('a' - 'A')) : c;
    else if (!out.empty() && out.back() != '_')
      out += '_';
  }
  if (out.ends_with('_'))
    out.pop_back();
  return is_name(out) ? out : std::string{};
}

/// Words that are something else where the skeleton writes the name: macros and test fixtures in C++, its own files, truth values in YAML.
bool is_word_of_others(std::string_view name) {
  constexpr std::array words{"actor", "errno", "false", "linux", "main", "new", "no",
                             "null",  "off",   "on",    "true",  "unix", "yes"};
  return std::find(words.begin(), words.end(), name) != words.end();
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
  if (asked.kind.empty())
    return caf::make_error(errc::bad_argument, "which kind? Say --kind with one of: " + joined(kinds));
  if (std::find(kinds.begin(), kinds.end(), asked.kind) == kinds.end())
    return caf::make_error(errc::bad_argument,
                           "there is no kind '" + asked.kind + "'; --kind is one of: " + joined(kinds));
  const auto suggestion = as_name(asked.name);
  if (!is_name(asked.name))
    return caf::make_error(errc::bad_argument,
                           "'" + asked.name
                             + "' can't be the name: it becomes part of C++ and YAML, so it is made of "
                               "a-z, 0-9 and single _ between them, begins with a letter and has at most "
                             + std::to_string(longest_name) + " characters, such as "
                             + (suggestion.empty() ? "orders_api" : suggestion));
  if (is_word_of_others(asked.name))
    return caf::make_error(errc::bad_argument,
                           "'" + asked.name
                             + "' can't be the name: it means something else to the compiler, in YAML or in the "
                               "skeleton; choose another one, such as "
                             + asked.name + "_api");
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

std::filesystem::path kit_of(const std::filesystem::path& program) {
  namespace fs = std::filesystem;
  const auto prefix = program.parent_path().parent_path();
  std::error_code problem;
  for (const auto* libraries : {"lib", "lib64"})
    for (const auto& entry : fs::directory_iterator{prefix / libraries, problem})
      for (const auto& folder : {prefix / libraries, entry.path()}) // Debian has lib/x86_64-linux-gnu
        if (fs::exists(folder / "cmake" / "Lode" / "LodeConfig.cmake", problem))
          return prefix;
  return {};
}

} // namespace lode

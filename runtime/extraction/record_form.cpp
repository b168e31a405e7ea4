#include "runtime/extraction/record_form.hpp"

#include <algorithm>
#include <string>

#include "runtime/extraction/content_hash.hpp"

namespace lode {

record_form::record_form(const std::vector<field_path>& ignore, uint64_t hash_seed)
  : number(form_number(ignore)), ignored(ignore), hash_seed(hash_seed) {}

std::optional<content_hash> record_form::hash(std::string_view payload) const {
  std::string canonical;
  if (canonical_form(payload, ignored, canonical))
    return std::nullopt;
  return hash_of(canonical, hash_seed);
}

int64_t form_number(std::vector<field_path> ignore, uint32_t version) {
  std::erase_if(ignore, [](const field_path& path) { return path.empty(); });
  std::sort(ignore.begin(), ignore.end());
  ignore.erase(std::unique(ignore.begin(), ignore.end()), ignore.end());
  if (version == 1 && ignore.empty())
    return 0;
  auto text = std::to_string(version);
  for (const auto& path : ignore) {
    text += '\n';
    for (const auto& name : path) // lengths keep ["ab"] and ["a", "b"] apart
      text += std::to_string(name.size()) + ":" + name;
  }
  auto number = static_cast<int64_t>(short_hash_of(text));
  return number == 0 ? 1 : number;
}

} // namespace lode

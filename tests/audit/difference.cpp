#include "tests/audit/difference.hpp"

#include <algorithm>
#include <vector>

namespace audit {

namespace {

struct level {
  bool is_object;
  std::string name; // of the current member or the number of the current element
  size_t element = 0;
  size_t value = 0; // where the current member's value begins
};

size_t end_of_string(std::string_view text, size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\')
      ++at;
  return std::min(at + 1, text.size());
}

/// The levels that are open at `until` in a canonical text.
std::vector<level> levels_at(std::string_view text, size_t until) {
  std::vector<level> open;
  bool expects_key = false;
  for (size_t at = 0; at < until;) {
    char c = text[at];
    if (c == '"') {
      auto end = end_of_string(text, at);
      if (expects_key && end <= until) {
        open.back().name = text.substr(at + 1, end - at - 2);
        open.back().value = end + 1;
        expects_key = false;
      }
      at = end;
      continue;
    }
    if (c == '{' || c == '[') {
      open.push_back({c == '{', c == '{' ? "" : "0", 0, at + 1});
      expects_key = c == '{';
    } else if (c == '}' || c == ']') {
      open.pop_back();
      expects_key = false;
    } else if (c == ',') {
      auto& top = open.back();
      expects_key = top.is_object;
      top.name = top.is_object ? "" : std::to_string(++top.element);
      top.value = at + 1;
    }
    ++at;
  }
  return open;
}

std::string excerpt(std::string_view text, size_t from) {
  constexpr size_t most = 60;
  if (from >= text.size())
    return "nothing";
  auto end = from;
  if (text[from] == '"')
    end = end_of_string(text, from);
  else
    end = std::min(text.find_first_of(",}]", from), text.size());
  auto part = std::string{text.substr(from, std::min(end - from, most))};
  return part.empty() ? "nothing" : part + (end - from > most ? ".." : "");
}

} // namespace

std::string first_difference(std::string_view store, std::string_view truth) {
  auto at = static_cast<size_t>(std::ranges::mismatch(store, truth).in1 - store.begin());
  if (at == store.size() && at == truth.size())
    return {};
  std::string path;
  size_t value = 0;
  for (const auto& each : levels_at(truth, std::min(at, truth.size()))) {
    if (!each.name.empty())
      path += (path.empty() ? "" : ".") + each.name;
    value = each.value;
  }
  return (path.empty() ? "the record" : path) + ": store " + excerpt(store, value) + ", truth " + excerpt(truth, value);
}

} // namespace audit

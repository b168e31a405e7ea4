#include "runtime/storage/sink_store.hpp"

#include <algorithm>

#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

/// Takes back the latest * and lets it cover one more, so it ends after pattern x text steps.
bool matches(std::string_view pattern, std::string_view text) {
  size_t at = 0, in = 0, star = std::string_view::npos, covered = 0;
  while (in < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      covered = in;
    } else if (at < pattern.size() && pattern[at] == text[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++covered;
    } else {
      return false;
    }
  }
  return pattern.substr(at).find_first_not_of('*') == std::string_view::npos;
}

} // namespace

bool wants_stream(const std::vector<std::string>& streams, std::string_view source, std::string_view stream) {
  const auto name = std::string{source} + "/" + std::string{stream};
  return streams.empty() || std::ranges::any_of(streams, [&](const auto& pattern) { return matches(pattern, name); });
}

caf::error trimmed_beyond(shard_id shard, int64_t position, int64_t trimmed) {
  return store_error(
    errc::bad_source,
    "changes are lost to it: the feed of shard " + to_string(shard) + " was removed up to position "
      + std::to_string(trimmed) + " (store.keep_feed), and it stands at " + std::to_string(position)
      + ": remove the sink, put it again, and bring the target up to date from an export (`lode export`)");
}

} // namespace lode

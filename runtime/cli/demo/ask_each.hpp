#pragma once

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include "runtime/cli/demo/node_client.hpp"

namespace lode::demo {

/// Asks about each of `items`, two of them at a time of each node; the answers in the order of the items. On a busy machine most of
/// a call is waiting, and a show makes thousands. Throws what the first of the failing ones threw, when all have ended.
template <class Ask>
auto ask_each(const std::vector<const node_client*>& nodes, const std::vector<std::string>& items, Ask ask) {
  std::vector<decltype(ask(*nodes.front(), items.front()))> out(items.size());
  std::vector<std::future<void>> asking; // its end waits for them
  const auto width = nodes.size() * 2;
  for (size_t first = 0; first < std::min(width, items.size()); ++first)
    asking.push_back(std::async(std::launch::async, [&, first] {
      for (auto i = first; i < items.size(); i += width)
        out[i] = ask(*nodes[first % nodes.size()], items[i]);
    }));
  for (auto& each : asking)
    each.get();
  return out;
}

} // namespace lode::demo

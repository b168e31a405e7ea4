#include "actors/storage/untold_facts.hpp"

#include <utility>

namespace lode {

void untold_facts::add(stream_place place, int64_t before, int64_t tag, std::span<const fact_print> prints) {
  auto& news = news_.try_emplace(place, shared_facts::news{place.stream, before, before, {}}).first->second;
  if (news.tag != before) {
    facts_ -= news.prints.size();
    news = {place.stream, before, before, {}};
  }
  news.tag = tag;
  facts_ += prints.size();
  news.prints.insert(news.prints.end(), prints.begin(), prints.end());
}

std::optional<shared_facts::news> untold_facts::take(stream_place place) {
  auto node = news_.extract(place);
  if (!node)
    return std::nullopt;
  facts_ -= node.mapped().prints.size();
  return std::move(node.mapped());
}

std::map<stream_place, shared_facts::news> untold_facts::take_from(size_t facts) {
  std::map<stream_place, shared_facts::news> out;
  for (auto i = news_.begin(); i != news_.end();) {
    auto here = i++;
    if (here->second.prints.size() < facts)
      continue;
    facts_ -= here->second.prints.size();
    out.insert(news_.extract(here));
  }
  return out;
}

std::map<stream_place, shared_facts::news> untold_facts::take_next(std::optional<stream_place> after, size_t facts) {
  std::map<stream_place, shared_facts::news> out;
  auto i = after ? news_.upper_bound(*after) : news_.begin();
  for (size_t taken = 0; i != news_.end() && (out.empty() || taken + i->second.prints.size() <= facts);) {
    auto here = i++;
    taken += here->second.prints.size();
    out.insert(news_.extract(here));
  }
  for (const auto& [place, news] : out)
    facts_ -= news.prints.size();
  return out;
}

void untold_facts::put_back(stream_place place, shared_facts::news news) {
  facts_ += news.prints.size();
  news_.insert_or_assign(place, std::move(news));
}

void untold_facts::clear() {
  news_.clear();
  facts_ = 0;
}

} // namespace lode

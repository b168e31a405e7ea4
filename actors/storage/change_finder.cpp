#include "actors/storage/change_finder.hpp"

#include <sodium.h>

#include <algorithm>
#include <set>

#include "actors/storage/page_comparison.hpp"

namespace lode {

namespace {

/// Facts of a stream that are told without waiting for more, of all streams in one call, which has to end in time, and those of
/// a stream and of all that wait for a Redis that does not take them: 16 bytes each.
constexpr size_t long_word = 4'000;
constexpr size_t facts_per_call = 4'000;
/// While pages may wait: a fact takes Redis some microseconds.
constexpr size_t facts_at_once = 500;
constexpr size_t longest_kept = 20'000;
constexpr size_t most_untold = 1'000'000;

int64_t random_tag() {
  int64_t out = 0;
  randombytes_buf(&out, sizeof(out));
  return out;
}

} // namespace

change_finder::change_finder(page_store& store, size_t memory_bytes, std::unique_ptr<shared_facts> shared)
  : store_(store), cache_(memory_bytes), shared_(std::move(shared)) {}

change_finder::~change_finder() = default;

caf::expected<std::vector<page_commit>> change_finder::compare(std::span<const hashed_page> pages) {
  learned_.clear();
  if (auto error = begin_streams(pages))
    return error;
  if (shared_)
    ask_redis(pages);
  page_comparison comparison{cache_, pages};
  for (const auto& [place, keys] : comparison.wanted()) {
    auto facts = store_.probe(place.shard, place.stream, keys);
    if (!facts)
      return facts.error();
    if (auto foreign = comparison.learn(place, keys, *facts); !foreign.empty()) {
      auto payloads = store_.payloads(place.shard, place.stream, foreign);
      if (!payloads)
        return payloads.error();
      comparison.learn_payloads(place, foreign, std::move(*payloads));
    }
    if (!shared_)
      continue;
    for (size_t i = 0; i < keys.size(); ++i)
      if (const auto& fact = (*facts)[i]; fact.known && !fact.deleted)
        learned_[place].push_back(print_of(keys[i], fact.hash, fact.order.field, fact.form));
  }
  return comparison.compare(random_tag());
}

/// Streams that are touched for the first time in this epoch, or again after they were forgotten.
caf::error change_finder::begin_streams(std::span<const hashed_page> pages) {
  std::map<stream_place, shard_epoch> fresh;
  for (const auto& page : pages)
    if (stream_place place{page.shard, page.stream}; !(page.records.empty() && page.unseen.empty()) && !cache_.find(place, page.epoch))
      fresh[place] = page.epoch;
  if (fresh.empty())
    return {};
  std::vector<stream_place> places;
  for (const auto& [place, epoch] : fresh)
    places.push_back(place);
  auto standings = store_.standings(places);
  if (!standings)
    return standings.error();
  for (size_t i = 0; i < places.size(); ++i) {
    cache_.begin(places[i], fresh[places[i]], (*standings)[i]);
    if (shared_)
      shared_->begin(places[i].stream);
  }
  return {};
}

void change_finder::ask_redis(std::span<const hashed_page> pages) {
  std::vector<stream_place> places;
  std::vector<shared_facts::question> questions;
  const page_comparison unknown{cache_, pages};
  for (const auto& [place, keys] : unknown.wanted()) {
    auto of_place = [&](const hashed_page& page) { return stream_place{page.shard, page.stream} == place; };
    const auto* known = cache_.find(place, std::find_if(pages.begin(), pages.end(), of_place)->epoch);
    if (!known)
      continue;
    auto& question = questions.emplace_back(shared_facts::question{place.stream, known->cache_tag(), {}});
    for (auto key : keys)
      question.keys.push_back(print_of(key, {}, 0).key);
    places.push_back(place);
  }
  if (questions.empty())
    return;
  // Redis is believed only when it has heard of the latest commit.
  std::vector<shared_facts::news> late;
  for (auto place : places)
    if (auto news = untold_.take(place))
      late.push_back(std::move(*news));
  shared_->tell(late);
  auto found = shared_->look_up(questions);
  for (size_t i = 0; i < places.size(); ++i)
    for (const auto& print : found[i])
      cache_.put_if_absent(places[i], print);
}

void change_finder::conclude(std::span<const page_commit> pages, std::span<const page_outcome> outcomes) {
  if (shared_)
    gather_news(pages, outcomes);
  for (size_t i = 0; i < pages.size(); ++i)
    remember(cache_, pages[i], outcomes[i]);
  learned_.clear();
  if (trouble().empty()) // else now and then is enough
    tell_from(long_word);
}

void change_finder::gather_news(std::span<const page_commit> pages, std::span<const page_outcome> outcomes) {
  // Of a stream that was forgotten nobody knows the tag before: told without it, Redis might take facts of then for facts of now.
  std::map<stream_place, int64_t> tags;
  auto add = [&](stream_place place, std::optional<int64_t> new_tag, std::span<const fact_print> prints) {
    auto before = tags.contains(place) ? tags[place] : cache_.tag_of(place);
    if (!before)
      return;
    tags[place] = new_tag.value_or(*before);
    untold_.add(place, *before, tags[place], prints);
  };
  for (const auto& [place, prints] : learned_)
    add(place, std::nullopt, prints);
  for (size_t i = 0; i < pages.size(); ++i)
    if (outcomes[i].status == commit_status::committed && !pages[i].changes.empty())
      add({pages[i].shard, pages[i].stream}, pages[i].cache_tag, prints_after(pages[i], outcomes[i]));
}

void change_finder::tell_from(size_t facts) {
  tell(untold_.take_from(facts));
}

bool change_finder::tell_redis_some() {
  auto words = untold_.take_next(told_until_, facts_at_once);
  const auto is_any = !words.empty();
  told_until_ = is_any ? std::optional{words.rbegin()->first} : std::nullopt;
  tell(std::move(words));
  if (!trouble().empty())
    told_until_.reset();
  return told_until_.has_value();
}

void change_finder::tell(std::map<stream_place, shared_facts::news> words) {
  // Where the stream stands elsewhere now the word would only end what another owner has built.
  std::erase_if(words, [&](const auto& word) { return cache_.tag_of(word.first) != word.second.tag; });
  for (auto first = words.begin(); first != words.end();) {
    std::vector<shared_facts::news> call;
    size_t gathered = 0;
    auto last = first;
    for (; last != words.end() && gathered < facts_per_call; ++last) {
      gathered += last->second.prints.size();
      call.push_back(last->second);
    }
    shared_->tell(call);
    if (!trouble().empty())
      return keep_for_later(first, words.end());
    first = last;
  }
}

/// In a long outage there is no end of what could be told, and one word must not become longer than a call may last.
void change_finder::keep_for_later(word_iterator first, word_iterator last) {
  for (; first != last; ++first)
    if (first->second.prints.size() <= longest_kept)
      untold_.put_back(first->first, std::move(first->second));
  if (untold_.facts() > most_untold)
    untold_.clear();
}

void change_finder::forget() {
  cache_.clear();
  untold_.clear();
  told_until_.reset();
}

std::string change_finder::trouble() const {
  return shared_ ? shared_->trouble() : std::string{};
}

} // namespace lode

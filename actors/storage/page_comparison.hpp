#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <deque>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/storage/fact_cache.hpp"
#include "messages/extraction.hpp"
#include "messages/storage.hpp"

namespace lode {

/// Decides what each record of one group of pages becomes. Compares in commit order with the latest fact of its key: of an
/// earlier record of the same group, else of the cache, else of the store. A -> B -> A is two changes.
///
///   page_comparison comparison{cache, pages};
///   for each of comparison.wanted(): ask the store, comparison.learn(...), and with what that returns learn_payloads(...)
///   commits = comparison.compare(cache_tag); commit them; remember(cache, ...) each when its outcome is known
class page_comparison {
public:
  /// Keys whose stored facts the group needs, by stream, each once.
  using wanted_keys = std::map<stream_place, std::vector<std::string_view>>;

  /// Views keys in `pages`, which must outlive the comparison; they are in commit order.
  page_comparison(fact_cache& cache, std::span<const hashed_page> pages);

  const wanted_keys& wanted() const noexcept { return wanted_; }
  /// `facts` in the order of the keys asked. Returns the keys whose stored text is needed, since their hash is of another
  /// form than a page's.
  std::vector<std::string_view> learn(stream_place stream, std::span<const std::string_view> keys,
                                      std::span<const stored_fact> facts);
  /// `payloads` in the order of `keys`.
  void learn_payloads(stream_place stream, std::span<const std::string_view> keys, std::vector<std::string> payloads);
  /// The pages as they are committed, under a tag of their own. Call once.
  std::vector<page_commit> compare(int64_t cache_tag);

private:
  struct latest_fact {
    stored_fact fact;
    std::string_view payload; ///< as it is stored after this, where it is needed
    bool is_of_group = false; ///< this group touches it
  };
  using latest_facts = boost::unordered_flat_map<std::string_view, latest_fact>;
  using answers = std::vector<known_facts::answer>; ///< one per record of a page

  void look_up(const hashed_page& page);
  bool is_same(const latest_fact& latest, const hashed_page& page, const hashed_record& record) const;
  void compare(const hashed_page& page, const hashed_record& record, latest_fact& latest, page_commit& into) const;
  page_commit compare(const hashed_page& page, const answers& known);
  void remove(const std::string& key, const fact_order& stamp, latest_fact& latest, page_commit& result);

  fact_cache& cache_;
  std::span<const hashed_page> pages_;
  std::vector<answers> known_; ///< one per page
  wanted_keys wanted_;
  std::map<stream_place, latest_facts> latest_;
  std::map<stream_place, std::set<int64_t>> forms_; ///< of the pages of a stream: one, but while its source changes
  std::deque<std::vector<std::string>> payloads_;   ///< what latest_fact::payload views
};

/// What the latest facts of a committed page's keys look like; in order, so the last one of a key counts.
std::vector<fact_print> prints_after(const page_commit& page, const page_outcome& outcome);

/// Puts what was committed into the cache. To be called when the outcome is known.
void remember(fact_cache& cache, const page_commit& page, const page_outcome& outcome);

} // namespace lode

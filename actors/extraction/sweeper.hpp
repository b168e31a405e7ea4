#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/extraction/miner.hpp"
#include "actors/extraction/unseen_search.hpp"

namespace lode {

/// Ends a full pass: finds what it did not see and lets the writer delete that, at most `keys_per_commit` at once. Its
/// continuation is worked on when everything else of the run has been read:
///
///   looking at the pass -> marks -> weighing -- too much --> failed: a person is asked
///                                   weighing -> marks -> deleting ... (a round for each part of the marks) -> closed
///   any -- commit refused, or lost --> from the store again
///
/// What was deleted and that it was weighed is in the state that each commit writes, so a restart goes on behind it.
struct sweeper_state {
  static constexpr const char* name = "lode.sweeper";
  static constexpr size_t keys_per_commit = 1'000;
  static constexpr size_t marks_at_once = 1'000'000; ///< 8 MB

  sweeper_state(miner_actor::pointer self, miner_job job);
  miner_actor::behavior_type make_behavior();

  void begin();
  void look_at(const pass_standing& standing);
  void next_round();
  void read_marks(int64_t after);
  void read_live();
  void look_at(const std::vector<live_fact>& facts);
  void end_round();
  void weighed();
  void commit(continuation_phase phase, const std::string& reason);
  void committed(const page_committed& page);
  /// Nothing is deleted: the phase says whether another run may come back to the pass.
  void give_up(continuation_phase phase, const std::string& why);
  void resume_from_store();
  /// Asks the keeper, again each second while the store does not answer.
  template <class Reply, class Ask, class Then>
  void ask(Ask question, Then then);
  void failed(const caf::error& why, std::function<void()> again);
  void timer(uint64_t token);
  void end(continuation_phase phase, bool run_ended, const std::string& reason);

  miner_actor::pointer self;
  miner_job job;
  uint64_t generation = 0;
  wire::continuation_state state; ///< as the next commit writes it
  std::optional<unseen_search> search;
  pass_standing pass;
  int64_t marks_read = 0;        ///< in this round
  int64_t live = 0;
  int64_t unseen = 0;            ///< while weighing
  std::vector<std::string> keys; ///< for the next commit
  bool is_committing = false; ///< the writer has a page of it
  bool is_finishing = false;  ///< it ends with that one: the tenant moves to another node
  uint64_t timer_token = 0;
  std::function<void()> at_timer;
  activity_board::entry shown;
};
using sweeper = miner_actor::stateful_impl<sweeper_state>;

} // namespace lode

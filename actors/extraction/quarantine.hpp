#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "messages/actors.hpp"

namespace lode {

/// What the quarantine works with: the page path of its node and where the store is told.
struct quarantine_parts {
  timers_actor timers;
  run_keeper_actor keeper;
  std::vector<processor_actor> processors;
  std::vector<page_writer_actor> writers;
  store_health* health = nullptr;
  /// A page with which the process died already waits until this life has lasted so long: others get on meanwhile, and a
  /// process that is killed again and again from outside does not meet the same page alone a second time.
  std::chrono::nanoseconds patience = std::chrono::seconds{5};
};

/// Makes the page path quiet for one page that may kill the process, so that a death with that page in work says something:
///
///   open -- a page asks --> hushing -- processors and writers hold --> marking -- the store knows --> alone
///     ^                                                                  |                           |  |
///     |── released ── clearing <── asker left, or its row is gone ───────┴── page left, asker died ──┘  |
///     └── released <───────────────────────────────────────────────────────────────── page committed ──┘
///
/// Between two such pages everything else goes on. The quiet ends with leave_alone or with the asking miner; one whose page
/// is lost notices by its own deadline. While the store is away marking and clearing are tried again: pages cannot commit
/// anyway, and with the mark left a later death would blame the wrong page.
/// What kills while it is still being received is not found out here.
/// Holds nothing durable; begins by clearing what an earlier tree of this process may have left.
struct quarantine_state {
  static constexpr const char* name = "lode.quarantine";
  enum class step : uint8_t { open, hushing, marking, alone, clearing };

  quarantine_state(quarantine_actor::pointer self, quarantine_parts parts);
  ~quarantine_state();
  quarantine_actor::behavior_type make_behavior();

  struct patient {
    ask_alone ask;
    caf::actor_addr asker;
    caf::typed_response_promise<void> turn;
  };
  void admit();
  void hush();
  template <class Handle>
  void hold(const std::vector<Handle>& actors);
  void mark();
  void begin_turn();
  void leave(const caf::actor_addr& asker, bool is_committed);
  void clear();
  void release();
  /// `then` gets the answer, once the store answers at all.
  template <class Then>
  void tell_store(continuation_id alone, Then then);
  void timer(uint64_t token);
  void wait_for_store(std::string why);
  void store_answers();

  quarantine_actor::pointer self;
  quarantine_parts parts;
  std::vector<patient> waiting;
  std::optional<patient> current; ///< for whom it is quiet or becomes so; none: the asker left meanwhile
  step at = step::open;
  size_t loud = 0;                ///< actors of the page path that have not answered yet
  bool is_patience_over = false;
  bool is_store_away = false;
};
using quarantine = quarantine_actor::stateful_impl<quarantine_state>;

} // namespace lode

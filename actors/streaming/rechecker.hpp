#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "actors/streaming/live_services.hpp"
#include "messages/actors.hpp"
#include "messages/gaps.hpp"
#include "runtime/extraction/record_maker.hpp"
#include "runtime/extraction/json_document.hpp"

namespace lode {

struct recheck_job {
  services_pointer services;
  live_services_pointer live;
  connection_pointer connection;
  std::vector<recheck_row> rows; ///< in the order in which they are fetched
  credential_keeper_actor credentials; ///< null unless the streams authenticate with OAuth
};

/// Fetches records whose truth is open, one after the other, and commits each as what it is now:
///
///   permit -> (token ->) (leaseless ->) fetching -> committing -> permit of the next one ...; after the last one it ends
///   any -- the API refuses, or a page is refused --> what is left is postponed: it ends
///
/// What is fetched is a fact like one of a page: asked for after the doubt was raised, so nothing of the doubt is newer. What
/// comes meanwhile may raise another one.
struct rechecker_state {
  static constexpr const char* name = "lode.rechecker";
  static constexpr std::chrono::seconds first_wait{2};
  static constexpr std::chrono::minutes longest_wait{10};
  enum class step : uint8_t { permit, token, leaseless, fetching, committing };

  rechecker_state(rechecker_actor::pointer self, recheck_job job);
  rechecker_actor::behavior_type make_behavior();

  void ask();
  void authorize();
  void fetch(const std::string& access_token);
  void read(exchange_pointer exchange);
  void commit(hashed_record record);
  void committed();
  /// What is left is due again later: the more often it was put off, the later.
  void postpone(const std::string& why, std::chrono::nanoseconds after = {});
  void give_back();

  const recheck_row& row() const { return left.front(); }

  rechecker_actor::pointer self;
  recheck_job job;
  std::deque<recheck_row> left;
  step at = step::permit;
  size_t stream = 0;   ///< of the present row, index in the plan
  uint64_t reserved = 0;
  fact_order sent;     ///< stamp before the request
  uint64_t tries = 0;  ///< generation of what is asked
  json_document scratch;
  record_scratch records;
};
using rechecker = rechecker_actor::stateful_impl<rechecker_state>;

} // namespace lode

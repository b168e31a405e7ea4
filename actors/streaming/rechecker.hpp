#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "actors/streaming/live_services.hpp"
#include "messages/actors.hpp"
#include "messages/gaps.hpp"
#include "runtime/extraction/record_fetch.hpp"
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
///   fetching -- gone, and no record of the stream was found yet --> probing: others that are known to live are fetched; one is
///   found --> committing, none is --> the stream's rows are put off: its path may be wrong
///   fetching -- this record cannot be had --> it is put off, the next one
///   any -- the API refuses, a page is refused or lost --> what is left is put off, or stays as it is: it ends
///
/// What is fetched is a fact like one of a page: asked for after the doubt was raised, so nothing of the doubt is newer. What
/// comes meanwhile may raise another one.
struct rechecker_state {
  static constexpr const char* name = "lode.rechecker";
  static constexpr std::chrono::seconds first_wait{2};
  static constexpr std::chrono::minutes longest_wait{10};
  static constexpr size_t most_probes = 3;
  enum class step : uint8_t { permit, token, leaseless, fetching, probing, committing };

  rechecker_state(rechecker_actor::pointer self, recheck_job job);
  rechecker_actor::behavior_type make_behavior();

  void next();
  void ask();
  void authorize();
  void fetch(const std::string& access_token);
  void read(exchange_pointer exchange);
  void judge_answer(fetch_answer& answer, int status);

  // the proof that the path is right
  void look_for_probes(std::string after);
  bool choose_probes(const std::vector<live_fact>& facts);
  void probe();
  void path_is_unproven();

  void commit(const hashed_record& record);
  void commit_deadline();
  void committed();

  /// This one is due again later: the more often it was put off, the later. Those behind it go on.
  void skip(const std::string& why, std::chrono::nanoseconds after = {});
  void skip_stream(const std::string& why);
  /// So is all that is left, but what was not tried goes first.
  void give_up(const std::string& why, std::chrono::nanoseconds after = {});
  void put_off(std::vector<recheck_row> rows, const std::string& why, std::chrono::nanoseconds at_least,
               std::chrono::nanoseconds more = {});
  void give_back();
  void end();

  const recheck_row& row() const { return left.front(); }
  const std::string& key() const { return probes.empty() ? row().key : probes.front(); }
  const stream_plan& plan() const;

  rechecker_actor::pointer self;
  recheck_job job;
  std::deque<recheck_row> left;
  step at = step::permit;
  size_t stream = 0;   ///< of the present row, index in the plan
  uint64_t reserved = 0;
  fact_order sent;     ///< stamp before the request about the present row
  fact_order received; ///< when its answer was here
  uint64_t tries = 0;  ///< generation of what is asked
  std::set<size_t> proven;          ///< streams of which a record was found: their path is right
  std::optional<hashed_record> gone; ///< the present row, if the path is right
  std::deque<std::string> probes;    ///< keys of others that are known to live, to be fetched in its place
  size_t probed = 0;                 ///< of them that were gone too
  json_document scratch;
  record_scratch records;
  activity_board::entry shown;
};
using rechecker = rechecker_actor::stateful_impl<rechecker_state>;

} // namespace lode

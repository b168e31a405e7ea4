#pragma once

#include <vector>

#include "runtime/cli/demo/audit.hpp"
#include "runtime/cli/demo/mining_pass.hpp"
#include "runtime/cli/demo/recovery.hpp"
#include "runtime/cli/demo/report.hpp"
#include "runtime/cli/demo/request_log.hpp"
#include "runtime/cli/demo/sick_tenants.hpp"
#include "runtime/cli/demo/takeover.hpp"

namespace lode::demo {

/// The show itself: phases in order, each of which can be entered again after the whole machine was killed.
///
///   first_pass: import, mine, kill -9 of all nodes in mid-run, start them again
///   -> second_pass: edits, mine again, kill -9 of one node in mid-run, for good -> audit -> finished
class show {
public:
  show(const workplace& place, show_state& state, display& display);

  show_report run();
  /// Waits, with all up, until a signal comes (interrupted).
  [[noreturn]] void stay();
  void close() { stage_.close(); }

private:
  void open();
  void import_tenants();
  void first_pass();
  void kill_all_in_mid_run(mining_pass& pass, const api_traffic& traffic);
  void follow_recovery(mining_pass& pass, const api_traffic& traffic);
  void lose_one_in_mid_run(mining_pass& pass);
  std::set<std::string> lost_in_mid_run(const mining_pass& pass) const;
  void follow_takeover(mining_pass& pass);
  void see_takeover_end(mining_pass& pass);
  void describe_nodes(std::vector<node_line>& nodes, int64_t now) const;
  void watch_sick();
  void second_pass();
  void trigger_all(mining_pass& pass);
  std::vector<std::string> shops() const;
  std::string kind_of_second_run(const std::string& tenant) const;
  show_report judge();
  void save();
  void save_now_and_then(const api_traffic& traffic);
  void enter(show_phase phase);

  const workplace& place_;
  show_state& state_;
  display& display_;
  stage stage_;
  std::vector<api_tenant> tenants_;
  std::vector<sick_tenant> sick_;
  std::vector<std::string> healthy_;
  std::unique_ptr<recovery> recovery_;
  std::unique_ptr<takeover> takeover_;
  refetch_question lost_; ///< what the kill for good may have cost
  int64_t requests_counted_ = 0;
  int64_t suspended_ = 0;
  bool is_every_sickness_visible_ = false;
  bool is_import_needed_ = false;
  std::chrono::steady_clock::time_point saved_at_{};
};

/// The whole command: 0 verified, 1 not, 130 interrupted.
int run_demo(const show_options& options);

} // namespace lode::demo

#pragma once

#include <caf/expected.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "runtime/console/node_control.hpp"
#include "runtime/node/history_log.hpp"
#include "runtime/storage/postgres/backlog_query.hpp"

namespace lode {

/// Asks all nodes and the store once a step, on a thread of its own, and keeps what they say.
class history_recorder {
public:
  /// Which nodes count at the moment; `ask_store` is called on the thread only.
  history_recorder(std::shared_ptr<node_control> node, std::function<std::vector<incarnation>()> nodes,
                   std::function<caf::expected<backlog>()> ask_store, std::shared_ptr<history_log> log);
  ~history_recorder();
  history_recorder(const history_recorder&) = delete;

private:
  void work();
  void record(instant end);

  std::shared_ptr<node_control> node_;
  std::function<std::vector<incarnation>()> nodes_;
  std::function<caf::expected<backlog>()> ask_store_;
  std::shared_ptr<history_log> log_;
  cluster_counter counter_;
  std::optional<instant> recorded_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool is_stopping_ = false;
  std::thread thread_;
};

} // namespace lode

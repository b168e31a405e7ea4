#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "runtime/storage/catalog_store.hpp"

namespace lode {

/// Erases what was marked as deleting, in small steps on a thread and a connection of its own; goes on after a restart
/// where the last life stopped.
class housekeeper {
public:
  explicit housekeeper(std::unique_ptr<catalog_store> catalog);
  ~housekeeper();

private:
  void work();
  /// Erases one step; false when nothing is left to do or the store does not answer.
  bool erase_step();

  std::unique_ptr<catalog_store> catalog_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool is_stopping_ = false;
  std::thread thread_;
};

} // namespace lode

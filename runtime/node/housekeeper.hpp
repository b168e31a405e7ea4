#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "runtime/storage/catalog_store.hpp"
#include "runtime/storage/upkeep_store.hpp"

namespace lode {

/// So many rows go in one transaction.
inline constexpr size_t rows_per_step = 1'000;

/// Erases one step of everything that was marked as deleting while `goes_on`; what fails does not hold up the others. False
/// when nothing was left to do or nothing could be done. `Catalog` is a catalog_store; tests give less.
template <class Catalog, class GoesOn>
bool erase_round(Catalog& catalog, GoesOn goes_on) {
  bool has_erased = false;
  auto step = [&](const auto& doomed) {
    for (size_t i = 0; doomed && i < doomed->size() && goes_on(); ++i)
      if (auto erased = catalog.erase_some((*doomed)[i].id, rows_per_step))
        has_erased = has_erased || *erased > 0;
  };
  step(catalog.list_deleting_connections());
  step(catalog.list_deleting_tenants());
  return has_erased;
}

/// Erases what was marked as deleting and removes what is older than it is kept, in small steps on a thread and
/// connections of its own; goes on after a restart where the last life stopped.
class housekeeper {
public:
  /// `at_pass` is called on its thread before each pass of the upkeep.
  housekeeper(std::unique_ptr<catalog_store> catalog, std::unique_ptr<upkeep_store> upkeep, retention keep,
              std::function<void()> at_pass);
  ~housekeeper();

private:
  void work();
  /// One step of a pass of the upkeep; false when it is over, not yet due again, or the store does not answer.
  bool tidy_step();

  std::unique_ptr<catalog_store> catalog_;
  std::unique_ptr<upkeep_store> upkeep_;
  retention keep_;
  std::function<void()> at_pass_;
  bool is_in_pass_ = false;
  std::chrono::steady_clock::time_point next_pass_{};
  std::mutex mutex_;
  std::condition_variable stopped_;
  std::atomic<bool> is_stopping_ = false; ///< set under the mutex
  std::thread thread_;
};

} // namespace lode

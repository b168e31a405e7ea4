#include "tests/audit/run_audit.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "tests/audit/could_not_audit.hpp"

namespace audit {

namespace {

std::vector<std::string> chosen_tenants(const audit_settings& settings, const std::vector<std::string>& known) {
  for (const auto* named : {&settings.tenants, &settings.served_only})
    for (const auto& name : *named)
      if (std::ranges::count(known, name) == 0)
        throw could_not_audit{"truth: has no tenant '" + name + "', which was named"};
  std::vector<std::string> chosen;
  std::ranges::copy_if(known, std::back_inserter(chosen), [&](const std::string& name) {
    return settings.tenants.empty() || settings.tenants.contains(name);
  });
  if (chosen.empty())
    throw could_not_audit{"truth: has no tenants"};
  return chosen;
}

/// Hands out tenants to workers and gathers what they find. The first failure ends all.
class audit_run {
public:
  audit_run(const audit_settings& settings, truth_source& truth, std::vector<std::string> tenants, uint64_t seed)
    : settings_(settings), truth_(truth), tenants_(std::move(tenants)), reports_(tenants_.size()), seed_(seed) {}

  void work() noexcept {
    try {
      auto store = settings_.open_store();
      for (size_t i; !failed_ && (i = next_++) < tenants_.size();) {
        auto rules = settings_.common;
        rules.hash_seed = seed_;
        rules.served_only = settings_.served_only.contains(tenants_[i]);
        reports_[i] = compare(tenants_[i], truth_.read(tenants_[i]), store->read(tenants_[i]), rules);
      }
    } catch (...) {
      std::scoped_lock lock{mutex_};
      failure_ = std::current_exception();
      failed_ = true;
    }
  }

  report finish() {
    if (failure_)
      std::rethrow_exception(failure_);
    report total;
    for (const auto& each : reports_)
      total.add(each, settings_.common.list_at_most);
    return total;
  }

private:
  const audit_settings& settings_;
  truth_source& truth_;
  std::vector<std::string> tenants_;
  std::vector<report> reports_; // one slot per tenant: no lock, and the same order every time
  uint64_t seed_;
  std::atomic<size_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;
  std::exception_ptr failure_;
};

} // namespace

audit_outcome run_audit(const audit_settings& settings) {
  auto truth = open_truth(settings.truth);
  auto known = truth->tenants();
  auto tenants = chosen_tenants(settings, known);
  auto store = settings.open_store();
  audit_outcome outcome;
  for (const auto& name : store->tenants())
    outcome.not_audited += std::ranges::count(known, name) == 0;
  audit_run run{settings, *truth, std::move(tenants), store->hash_seed()};
  std::vector<std::jthread> workers;
  for (unsigned i = 1; i < settings.threads; ++i)
    workers.emplace_back([&run] { run.work(); });
  run.work();
  workers.clear();
  outcome.total = run.finish();
  return outcome;
}

} // namespace audit

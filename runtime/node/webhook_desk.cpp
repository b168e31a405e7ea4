#include "runtime/node/webhook_desk.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "messages/type_ids.hpp"
#include "runtime/extraction/json_document.hpp"
#include "runtime/extraction/webhook.hpp"
#include "runtime/node/manifest_loading.hpp"

namespace lode {

namespace {

/// Of connections that share an account, or a source without accounts: each is asked whether the signature is its own.
constexpr size_t most_targets = 100;

/// What a request is checked against.
struct hook_plan {
  source_plan_pointer plan;
  std::vector<const live_plan*> sides; ///< its webhooks
};

caf::error none_here(const std::string& source) {
  return caf::make_error(errc::not_found, "source " + source + " has no webhook");
}

/// Accounts under which the connections may stand that this request is for.
std::vector<std::string> accounts_for(const hook_plan& hooks, const webhook_request& request) {
  std::vector<std::string> out;
  for (const auto* side : hooks.sides) {
    auto named = std::get<webhook_settings>(side->typed).account ? accounts_in(*hooks.plan, *side, request)
                                                                 : std::vector<std::string>{std::string{}};
    out.insert(out.end(), named.begin(), named.end());
  }
  return out;
}

caf::error names_nobody(const webhook_arrived& request) {
  json_document document;
  if (auto wrong = document.parse_shallow(request.body))
    return caf::make_error(errc::bad_argument, "the body is no JSON: " + message_of(wrong));
  return caf::make_error(errc::bad_argument, "the request names no account where the source says that one stands (x-lode.live.settings.account)");
}

class catalog_webhook_desk final : public webhook_desk {
public:
  catalog_webhook_desk(std::unique_ptr<catalog_store> catalog, manifest_setup setup)
    : catalog_(std::move(catalog)), setup_(std::move(setup)) {}

  caf::expected<std::string> answer_challenge(const std::string& source, const webhook_arrived& request) override {
    const auto headers = headers_of(request);
    auto found = with_plan<std::string>(source, [](const auto&) { return std::vector<std::string>{}; },
      [&](const hook_plan& hooks, const auto&) -> caf::expected<std::string> {
        for (const auto* side : hooks.sides)
          if (auto text = challenge_answer(std::get<webhook_settings>(side->typed), {request.method, request.target, headers, request.body}))
            return std::move(*text);
        return caf::make_error(errc::bad_argument, "this is no challenge as source " + source + " declares one; events are posted here");
      });
    return found;
  }

  caf::expected<std::vector<webhook_target>> find_targets(const std::string& source, const webhook_arrived& request) override {
    using targets = std::vector<webhook_target>;
    const auto headers = headers_of(request);
    std::vector<std::string> accounts;
    return with_plan<targets>(
      source,
      [&](const hook_plan& hooks) {
        return accounts = accounts_for(hooks, {request.method, request.target, headers, request.body});
      },
      [&](const hook_plan&, targets& found) -> caf::expected<targets> {
        if (accounts.empty())
          return names_nobody(request);
        if (found.empty())
          return caf::make_error(errc::not_found, "no connection of source " + source + " is listened to under the account that the request names");
        if (found.size() > most_targets)
          return caf::make_error(errc::conflict, "the request may be for more than " + std::to_string(most_targets) + " connections of source "
                                                   + source + "; let the source tell them by an account (x-lode.live.settings.account)");
        return std::move(found);
      });
  }

private:
  struct known_source {
    std::string version;
    caf::expected<hook_plan> hooks;
  };

  static std::vector<http_header> headers_of(const webhook_arrived& request) {
    std::vector<http_header> out;
    for (const auto& [name, value] : request.headers)
      out.push_back({name, value});
    return out;
  }

  caf::expected<hook_plan> load(const source_row& row) const {
    auto plan = load_plan(row, setup_);
    if (!plan)
      return plan.error();
    hook_plan out{std::move(*plan), {}};
    for (const auto& side : out.plan->live)
      if (std::holds_alternative<webhook_settings>(side.typed))
        out.sides.push_back(&side);
    if (out.sides.empty())
      return none_here(row.name);
    return out;
  }

  caf::error learn(const std::string& source) {
    auto row = catalog_->find_source(source);
    if (!row) {
      known_.erase(source);
      return row.error();
    }
    known_.insert_or_assign(source, known_source{row->version, load(*row)});
    return {};
  }

  /// What is known of the source is used if the store has the same version of it in the same look as the connections; else it is read anew.
  template <class T, class AccountsOf, class Use>
  caf::expected<T> with_plan(const std::string& source, AccountsOf accounts_of, Use use) {
    constexpr int tries = 3; // a source that is put that often while it is read
    for (int i = 0; i < tries; ++i) {
      auto known = known_.find(source);
      if (known == known_.end()) {
        if (auto error = learn(source))
          return error;
        known = known_.find(source);
      }
      auto& hooks = known->second.hooks;
      auto found = catalog_->find_webhook_targets(source, hooks ? accounts_of(*hooks) : std::vector<std::string>{}, most_targets + 1);
      if (!found)
        return found.error();
      if (found->version == known->second.version)
        return hooks ? use(*hooks, found->targets) : caf::expected<T>{hooks.error()};
      known_.erase(known);
    }
    return caf::make_error(errc::store_unavailable, "source " + source + " is being changed");
  }

  std::unique_ptr<catalog_store> catalog_;
  manifest_setup setup_;
  std::map<std::string, known_source> known_;
};

} // namespace

std::shared_ptr<webhook_desk> make_webhook_desk(std::unique_ptr<catalog_store> catalog, manifest_setup setup) {
  return std::make_shared<catalog_webhook_desk>(std::move(catalog), std::move(setup));
}

} // namespace lode

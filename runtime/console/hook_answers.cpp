#include "runtime/console/hook_answers.hpp"

#include <utility>

#include "messages/error.hpp"
#include "messages/type_ids.hpp"

namespace lode {

namespace {

constexpr int retry_seconds = 5;

errc code_in(const caf::error& error) {
  return error.category() == caf::type_id_v<errc> ? static_cast<errc>(error.code()) : errc::internal;
}

/// 0: it may be heard when it is sent again.
int status_for_good(errc code) {
  switch (code) {
    case errc::unauthorized: return 401;
    case errc::bad_argument: return 400;
    case errc::not_found: return 404;
    case errc::conflict: return 409;
    default: return 0;
  }
}

} // namespace

api_response hook_refusal(const caf::error& why) {
  const auto code = code_in(why);
  if (auto status = status_for_good(code); status != 0)
    return error_response(status, to_string(code), message_of(why));
  auto out = error_response(503, to_string(errc::store_unavailable), message_of(why));
  out.retry_after = retry_seconds;
  return out;
}

std::optional<api_response> hook_verdict::add(const caf::error& why) {
  std::scoped_lock lock{guard_};
  const auto code = why ? code_in(why) : errc::none;
  if (!why)
    is_committed_ = true;
  else if (code == errc::unauthorized || code == errc::bad_argument) {
    // Whose signature fits and who cannot read it says more than whose does not fit.
    if (!refused_ || code == errc::bad_argument)
      refused_ = why;
  } else {
    // Nobody listens at the moment, for example: the connection is there, so somebody will.
    failed_ = caf::make_error(errc::store_unavailable, message_of(why));
  }
  if (--open_ > 0)
    return std::nullopt;
  if (failed_)
    return hook_refusal(failed_);
  if (!is_committed_)
    return hook_refusal(refused_);
  api_response out;
  out.body = "{}\n";
  return out;
}

hook_gate::ticket hook_gate::enter(connection_id connection) {
  std::scoped_lock lock{guard_};
  if (count_ >= all_ || counts_[connection] >= of_one_)
    return nullptr;
  ++count_;
  ++counts_[connection];
  return {this, [self = shared_from_this(), connection](const hook_gate*) { self->leave(connection); }};
}

void hook_gate::leave(connection_id connection) {
  std::scoped_lock lock{guard_};
  --count_;
  if (--counts_[connection] == 0)
    counts_.erase(connection);
}

} // namespace lode

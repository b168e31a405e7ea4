#include "runtime/redis/redis_connection.hpp"

#include <algorithm>

#include "runtime/redis/redis_transport.hpp"
#include "runtime/storage/store_error.hpp"

namespace lode {

namespace {

using std::chrono::steady_clock;

} // namespace

redis_connection::redis_connection(redis_settings settings) : settings_(std::move(settings)), next_pause_(settings_.pause) {}

redis_connection::~redis_connection() = default;

caf::expected<std::vector<redis_reply>> redis_connection::call(std::span<const redis_command> commands) {
  auto now = steady_clock::now();
  if (!transport_ && now < not_before_)
    return store_error(errc::unreachable, last_failure_);
  auto deadline = now + settings_.timeout;
  if (!transport_)
    if (auto wrong = open(deadline); !wrong.empty())
      return fail(wrong);
  std::string bytes;
  for (const auto& command : commands)
    append_command(bytes, command);
  std::vector<redis_reply> replies;
  if (auto wrong = exchange(bytes, commands.size(), replies, deadline); !wrong.empty())
    return fail(wrong);
  next_pause_ = settings_.pause;
  return replies;
}

std::string redis_connection::open(time_point deadline) {
  transport_ = transport::make(settings_);
  parser_ = std::make_unique<redis_parser>();
  if (auto wrong = transport_->connect(deadline); !wrong.empty())
    return wrong;
  const auto& to = settings_.address;
  auto database = std::to_string(to.database);
  std::string bytes;
  size_t count = 0;
  auto add = [&](const redis_command& command) {
    append_command(bytes, command);
    ++count;
  };
  if (!to.user.empty())
    add({"AUTH", to.user, to.password});
  else if (!to.password.empty())
    add({"AUTH", to.password});
  if (to.database != 0)
    add({"SELECT", database});
  if (count == 0)
    return {};
  std::vector<redis_reply> replies;
  auto wrong = exchange(bytes, count, replies, deadline);
  for (const auto& reply : replies)
    if (reply.is_error() && wrong.empty())
      wrong = reply.text;
  return wrong;
}

std::string redis_connection::exchange(const std::string& bytes, size_t count, std::vector<redis_reply>& replies,
                                       time_point deadline) {
  if (auto wrong = transport_->write(bytes, deadline); !wrong.empty())
    return wrong;
  replies.reserve(count);
  for (std::string arrived; replies.size() < count;) {
    redis_reply reply;
    switch (parser_->next(reply)) {
      case redis_parser::result::complete:
        replies.push_back(std::move(reply));
        break;
      case redis_parser::result::broken:
        return "it does not speak as Redis does: " + reply.text;
      case redis_parser::result::needs_more:
        arrived.clear();
        if (auto wrong = transport_->read(arrived, deadline); !wrong.empty())
          return wrong;
        parser_->feed(arrived);
    }
  }
  return {};
}

caf::error redis_connection::fail(const std::string& why) {
  transport_.reset();
  not_before_ = steady_clock::now() + next_pause_;
  next_pause_ = std::min(next_pause_ * 2, settings_.longest_pause);
  last_failure_ = "Redis at " + to_string(settings_.address) + ": " + why;
  return store_error(errc::unreachable, last_failure_);
}

} // namespace lode

#include "tests/scenario/sinks/hook_receiver.hpp"

#include <exception>

#include "tests/support/webhook_signature.hpp"

namespace lode::test {

namespace {

const std::string key =
  "\x31\xf2\x90\xf6\xbf\x06\x29\x8a\xab\x4f\x08\xd4\x3c\x3f\x08\x2c\xf6\x48\xa3\x62\xda\x2d\xa4\xb0";

std::string header(const server_request& request, const char* name) {
  const auto found = request.find(name);
  return found == request.end() ? "" : std::string{found->value()};
}

std::vector<told_change> changes_in(const server_request& request) {
  const auto body = boost::json::parse(request.body());
  const auto& data = body.at("data");
  std::vector<told_change> out;
  for (const auto& each : data.at("changes").as_array())
    out.push_back(read_change(data.at("shard").to_number<int64_t>(), each.as_object()));
  return out;
}

} // namespace

void hook_receiver::serve(server_connection& connection) {
  size_t number = 0;
  while (const auto request = connection.read_request()) {
    switch (take(*request, number)) {
      case answer::acknowledge:
        connection.respond(204, "");
        break;
      case answer::refuse:
        connection.respond(500, "not now");
        break;
      case answer::pause:
        connection.respond(429, "", "Retry-After: 1\r\n");
        break;
      case answer::hang:
        return connection.wait_for_close();
      case answer::hang_up:
        return connection.reset();
    }
  }
  const std::lock_guard guard{mutex_};
  last_ones_.insert(number);
}

hook_receiver::answer hook_receiver::take(const server_request& request, size_t& number) {
  const std::lock_guard guard{mutex_};
  number = ++requests_;
  const auto id = header(request, "webhook-id");
  if (header(request, "webhook-signature")
      != expected_signature(key, id, header(request, "webhook-timestamp"), request.body()))
    complaints_.push_back(id + ": the signature is wrong");
  static const std::vector<answer> moods{answer::acknowledge, answer::acknowledge, answer::acknowledge,
                                         answer::acknowledge, answer::acknowledge, answer::acknowledge,
                                         answer::acknowledge, answer::acknowledge, answer::refuse,
                                         answer::pause,       answer::hang,        answer::hang_up};
  const auto does = behaves_ ? answer::acknowledge : dice_.one_of(moods);
  ++answers_[does];
  try {
    const auto changes = changes_in(request);
    told_.insert(told_.end(), changes.begin(), changes.end());
    if (does == answer::acknowledge)
      acknowledged_.push_back({number, std::chrono::steady_clock::now(), changes});
  } catch (const std::exception& problem) {
    complaints_.push_back(id + ": " + problem.what());
  }
  return does;
}

size_t hook_receiver::requests() {
  const std::lock_guard guard{mutex_};
  return requests_;
}

std::vector<told_change> hook_receiver::told() {
  const std::lock_guard guard{mutex_};
  return told_;
}

std::vector<acknowledged_change> hook_receiver::acknowledged() {
  const std::lock_guard guard{mutex_};
  std::vector<acknowledged_change> out;
  for (const auto& request : acknowledged_)
    for (const auto& change : request.changes)
      out.push_back({change, request.at, !last_ones_.contains(request.number)});
  return out;
}

std::vector<std::string> hook_receiver::complaints() {
  const std::lock_guard guard{mutex_};
  return complaints_;
}

std::string hook_receiver::tally() {
  const std::lock_guard guard{mutex_};
  return std::to_string(requests_) + " requests: " + std::to_string(answers_[answer::acknowledge]) + " acknowledged, "
         + std::to_string(answers_[answer::refuse]) + " refused, " + std::to_string(answers_[answer::pause])
         + " asked to wait, " + std::to_string(answers_[answer::hang]) + " left hanging, "
         + std::to_string(answers_[answer::hang_up]) + " hung up on";
}

} // namespace lode::test

#include "runtime/http/scripted_http_client.hpp"

#include "runtime/http/url.hpp"

#include <utility>

namespace lode {

scripted_http_client::~scripted_http_client() {
  while (!open_.empty())
    cancel(request_handle{open_.begin()->first});
}

void scripted_http_client::answer(const std::string& url, http_result result) {
  std::lock_guard guard{mutex_};
  answers_[url].push_back(std::move(result));
}

void scripted_http_client::answer(const std::string& url, int status, std::string body,
                                  std::vector<http_header> headers) {
  http_response response;
  response.status = status;
  response.wire_bytes = body.size();
  response.body = std::move(body);
  response.headers = std::move(headers);
  response.final_url = url;
  answer(url, std::move(response));
}

void scripted_http_client::answer_any(http_result result) {
  std::lock_guard guard{mutex_};
  answers_for_any_.push_back(std::move(result));
}

http_result scripted_http_client::next_answer(const std::string& url) {
  if (auto found = answers_.find(url); found != answers_.end()) {
    auto& queue = found->second;
    auto result = queue.front();
    if (queue.size() > 1)
      queue.pop_front();
    return result;
  }
  if (!answers_for_any_.empty()) {
    auto result = std::move(answers_for_any_.front());
    answers_for_any_.pop_front();
    return result;
  }
  auto parsed = parse_http_url(url);
  auto host = std::holds_alternative<http_url>(parsed) ? authority_of(std::get<http_url>(parsed)) : "a bad URL";
  return http_error{http_failure::connect, "no scripted answer for a request to " + host};
}

bool scripted_http_client::deliver_next() {
  std::unique_lock guard{mutex_};
  if (open_.empty())
    return false;
  auto oldest = std::move(open_.extract(open_.begin()).mapped());
  auto result = next_answer(oldest.url);
  guard.unlock();
  finish(std::move(oldest.done), std::move(result));
  return true;
}

std::vector<http_request> scripted_http_client::requests() const {
  std::lock_guard guard{mutex_};
  return requests_;
}

request_handle scripted_http_client::start(http_request request, callback done) {
  std::unique_lock guard{mutex_};
  request_handle handle{++stats_.requests_started};
  requests_.push_back(request);
  if (mode_ == delivery::on_demand) {
    open_.emplace(handle.id, open_request{std::move(request.url), std::move(done)});
    return handle;
  }
  auto result = next_answer(request.url);
  guard.unlock();
  finish(std::move(done), std::move(result));
  return handle;
}

void scripted_http_client::cancel(request_handle handle) {
  std::unique_lock guard{mutex_};
  auto node = open_.extract(handle.id);
  guard.unlock();
  if (node)
    finish(std::move(node.mapped().done), http_error{http_failure::cancelled, "the request was cancelled"});
}

http_client_stats scripted_http_client::stats() const {
  std::lock_guard guard{mutex_};
  auto result = stats_;
  result.requests_in_flight = open_.size();
  return result;
}

/// Not under the lock: the callback may start the next request.
void scripted_http_client::finish(callback done, http_result result) {
  {
    std::lock_guard guard{mutex_};
    ++(std::holds_alternative<http_response>(result) ? stats_.requests_answered : stats_.requests_failed);
  }
  done(std::move(result));
}

} // namespace lode

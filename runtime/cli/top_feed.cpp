#include "runtime/cli/top_feed.hpp"

#include <boost/json.hpp>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "runtime/cli/terminal/figures.hpp"
#include "runtime/console/rfc3339.hpp"
#include "runtime/wall_clock.hpp"

namespace lode {

namespace {

namespace json = boost::json;
using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds history_step{15};

std::optional<json::object> object_of(const api_reply& reply) {
  json::error_code problem;
  auto value = json::parse(reply.body, problem);
  if (reply.status != 200 || !reply.is_complete || problem || !value.is_object())
    return std::nullopt;
  return std::move(value.get_object());
}

std::string rows_path(connection_order order, uint32_t rows) {
  return std::string{"/api/v1/tenants?view=standing&sort="} + name_of(order) + "&limit=" + std::to_string(rows);
}

/// Rows that are objects; anything else is no row.
json::array rows_of(const json::object& answer) {
  json::array out;
  for (const auto& row : array_in(answer, "tenants"))
    if (row.is_object())
      out.push_back(row);
  return out;
}

} // namespace

std::optional<api_reply> ask_top(const api_client& node, connection_order order, uint32_t rows, bool wants_history, top_documents& documents) {
  auto reply = node.call("GET", "/api/v1/overview");
  auto overview = object_of(reply);
  if (!overview)
    return reply;
  reply = node.call("GET", rows_path(order, rows));
  auto page = object_of(reply);
  if (!page && reply.status != 503)
    return reply;
  documents.overview = std::move(*overview);
  if (page) { // else the store is away: the overview says so, and the connections stand as they were seen last
    documents.connections = rows_of(*page);
    documents.total = number_in(*page, "total");
    documents.are_all = text_in(*page, "next").empty();
    documents.order = order;
  }
  if (wants_history)
    documents.history = object_of(node.call("GET", "/api/v1/history?span=3600&step=15")).value_or(json::object{});
  return std::nullopt;
}

struct top_feed::parts {
  const api_client node;
  const std::chrono::seconds every;
  const uint32_t rows;
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::mutex guard;
  std::condition_variable changed;
  seen now;
  clock::time_point silent_from{};
  connection_order order;
  bool is_stopping = false;
  bool is_asking = false;
  std::thread thread{};

  void publish(top_documents documents, const std::optional<api_reply>& failed) {
    std::scoped_lock lock{guard};
    if (!failed)
      now = {std::move(documents), std::nullopt};
    else if (!now.silence)
      silent_from = clock::now();
    if (failed)
      now.silence = top_silence{failed->status, now.silence ? now.silence->since : format_time(wall_clock()), {},
                                failed->status == 0 ? failed->body : "asked again every " + std::to_string(every.count()) + " s"};
    eventfd_write(wake, 1);
  }

  /// Waits for the next time, or until somebody wants another order or the end; true: go on.
  bool wait(connection_order& asked) {
    std::unique_lock lock{guard};
    is_asking = false;
    changed.wait_for(lock, every, [&] { return is_stopping || order != asked; });
    asked = order;
    is_asking = !is_stopping;
    return is_asking;
  }

  void run() {
    auto asked = now.documents.order;
    auto history_asked = clock::now();
    auto documents = now.documents;
    while (wait(asked)) {
      const bool wants_history = clock::now() - history_asked >= history_step;
      if (wants_history)
        history_asked = clock::now();
      auto failed = ask_top(node, asked, rows, wants_history, documents);
      publish(documents, failed);
    }
  }
};

top_feed::top_feed(api_client node, std::chrono::seconds every, uint32_t rows, top_documents first)
  : parts_(new parts{.node = std::move(node), .every = every, .rows = rows, .guard = {}, .changed = {}, .now = {}, .order = first.order}) {
  parts_->now.documents = std::move(first);
  parts_->thread = std::thread{[this] { parts_->run(); }};
}

top_feed::~top_feed() {
  stop();
  parts_->thread.join();
  close(parts_->wake);
}

int top_feed::wake() const noexcept {
  return parts_->wake;
}

top_feed::seen top_feed::look() {
  eventfd_t ignored = 0;
  eventfd_read(parts_->wake, &ignored);
  std::scoped_lock lock{parts_->guard};
  auto out = parts_->now;
  if (out.silence)
    out.silence->lasts = std::chrono::duration_cast<std::chrono::seconds>(clock::now() - parts_->silent_from);
  return out;
}

void top_feed::set_order(connection_order order) {
  std::scoped_lock lock{parts_->guard};
  parts_->order = order;
  parts_->changed.notify_all();
}

bool top_feed::stop() {
  std::scoped_lock lock{parts_->guard};
  parts_->is_stopping = true;
  parts_->changed.notify_all();
  return !parts_->is_asking;
}

} // namespace lode

#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "runtime/cli/api_client.hpp"
#include "runtime/cli/terminal/top_view.hpp"

namespace lode {

/// Asks for what `lode top` shows: /overview, the first `rows` connections, and the last hour where that is wanted (a node without it is
/// no failure). Nothing, or the reply that was no use: then `documents` stand as they did.
std::optional<api_reply> ask_top(const api_client& node, connection_order order, uint32_t rows, bool wants_history, top_documents& documents);

/// Asks again and again in a thread of its own, so that who looks never waits for a node.
class top_feed {
public:
  struct seen {
    top_documents documents;
    std::optional<top_silence> silence;
  };

  /// `first` is shown until there is more.
  top_feed(api_client node, std::chrono::seconds every, uint32_t rows, top_documents first);
  ~top_feed();
  top_feed(const top_feed&) = delete;
  top_feed& operator=(const top_feed&) = delete;

  /// Readable when there is something new; look() makes it unreadable.
  int wake() const noexcept;
  seen look();
  /// From now on in this order; asked at once.
  void set_order(connection_order order);
  /// Asks no more. True when the thread has nothing under way: its end need not be waited for.
  bool stop();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace lode

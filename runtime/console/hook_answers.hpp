#pragma once

#include <caf/error.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "messages/ids.hpp"
#include "runtime/console/api_message.hpp"

/// What a webhook's request is answered, without sockets.
namespace lode {

/// A request that was not heard. What may be heard when it is sent again is 503 with a Retry-After.
api_response hook_refusal(const caf::error& why);

/// Gathers what the connections say that a request may be for. Thread-safe.
class hook_verdict {
public:
  explicit hook_verdict(size_t connections) : open_(connections) {}

  /// What one of them says, none = committed. The last one's word makes the answer: 200 if at least one has committed it and no other
  /// may still do so.
  std::optional<api_response> add(const caf::error& why);

private:
  std::mutex guard_;
  size_t open_;
  bool is_committed_ = false;
  caf::error refused_; ///< for good, the one that says most
  caf::error failed_;  ///< again later
};

/// Bounds what is on its way to listeners: no connection that is stuck takes the room of the others. Thread-safe.
class hook_gate : public std::enable_shared_from_this<hook_gate> {
public:
  explicit hook_gate(size_t all = 512, size_t of_one = 32) : all_(all), of_one_(of_one) {}

  using ticket = std::shared_ptr<const void>;
  /// Null: full. Its place is free again when the ticket goes.
  ticket enter(connection_id connection);

private:
  void leave(connection_id connection);

  const size_t all_;
  const size_t of_one_;
  std::mutex guard_;
  size_t count_ = 0;
  std::map<connection_id, size_t> counts_;
};

} // namespace lode

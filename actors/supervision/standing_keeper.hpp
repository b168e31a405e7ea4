#pragma once

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>

#include "actors/supervision/call_error_box.hpp"
#include "actors/supervision/standing_book.hpp"
#include "messages/actors.hpp"

namespace lode {

struct standing_keeper_parts {
  std::shared_ptr<standing_store> store;
  activity_board* board = nullptr;
  call_error_box* errors = nullptr;
  std::function<standing_inputs()> inputs;
};

/// What it cannot tell while the store does not answer it tells later; what is lost with it is told anew by whoever comes next.
struct standing_keeper_state {
  static constexpr const char* name = "lode.standing-keeper";
  static constexpr std::chrono::seconds interval{2};
  static constexpr size_t most_errors = 200;

  standing_keeper_state(standing_keeper_actor::pointer self, standing_keeper_parts parts);
  standing_keeper_actor::behavior_type make_behavior();

  void work();
  void tell_standings();
  void tell_errors();

  standing_keeper_actor::pointer self;
  standing_keeper_parts parts;
  standing_book book;
};
using standing_keeper = standing_keeper_actor::stateful_impl<standing_keeper_state>;

} // namespace lode

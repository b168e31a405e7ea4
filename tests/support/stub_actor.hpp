#pragma once

#include <caf/all.hpp>

#include <memory>
#include <type_traits>

#include "tests/support/actor_test.hpp"

namespace lode {

namespace stub_detail {

template <class... Handlers>
struct handler_set : Handlers... {
  using Handlers::operator()...;
};
template <>
struct handler_set<> {};

/// What answers one kind of message: the handler that takes it, or an empty value.
template <class Set, class Reply, class Message>
auto handler_of(std::shared_ptr<Set> given, caf::detail::type_list<caf::result<Reply>(Message)>) {
  return [given](Message& message) -> caf::result<Reply> {
    if constexpr (!std::is_invocable_v<Set&, Message&>) {
      if constexpr (std::is_void_v<Reply>)
        return caf::unit;
      else
        return Reply{};
    } else if constexpr (std::is_void_v<std::invoke_result_t<Set&, Message&>>) {
      (*given)(message);
      return caf::unit;
    } else {
      return (*given)(message);
    }
  };
}

template <class Signature>
struct message_of_signature;
template <class Reply, class Message>
struct message_of_signature<caf::result<Reply>(Message)> {
  using type = Message;
};

/// Whether the interface has a message that the handler takes: else it would never be called.
template <class Handler, class... Signatures>
constexpr bool is_needed(caf::detail::type_list<Signatures...>) {
  return (std::is_invocable_v<Handler&, typename message_of_signature<Signatures>::type&> || ...);
}

template <class Handle, class Set, class... Signatures>
typename Handle::behavior_type behavior_of(std::shared_ptr<Set> given, caf::detail::type_list<Signatures...>) {
  return {handler_of(given, caf::detail::type_list<Signatures>{})...};
}

} // namespace stub_detail

/// An actor_test with actors that care for a few of their messages.
struct stub_test : actor_test {
protected:
  /// An actor of interface `Handle`: `handlers` take the messages that the test cares for, everything else is answered with an empty
  /// value. Ends with the test.
  template <class Handle, class... Handlers>
  Handle spawn_stub(Handlers... handlers) {
    static_assert((stub_detail::is_needed<Handlers>(typename Handle::signatures{}) && ...));
    using set = stub_detail::handler_set<Handlers...>;
    auto handle = system.spawn([given = std::make_shared<set>(set{handlers...})](typename Handle::pointer) {
      return stub_detail::behavior_of<Handle>(given, typename Handle::signatures{});
    });
    endings.push_back([handle] { caf::anon_send_exit(handle, caf::exit_reason::kill); });
    return handle;
  }
};

} // namespace lode

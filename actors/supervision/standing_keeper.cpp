#include "actors/supervision/standing_keeper.hpp"

#include <caf/all.hpp>

namespace lode {

standing_keeper_state::standing_keeper_state(standing_keeper_actor::pointer self, standing_keeper_parts parts)
  : self(self), parts(std::move(parts)) {}

standing_keeper_actor::behavior_type standing_keeper_state::make_behavior() {
  self->run_delayed(interval, [this] { self->send(self, wake{}); });
  return {[this](wake) { work(); }};
}

void standing_keeper_state::work() {
  self->run_delayed(interval, [this] { self->send(self, wake{}); });
  tell_standings();
  tell_errors();
}

void standing_keeper_state::tell_standings() {
  const auto inputs = parts.inputs();
  book.begin(inputs.now, parts.board->take_left());
  parts.board->visit([&](const connection_work& work) { book.see(work, inputs); });
  const auto news = book.end();
  if (!news.ended.empty() && !parts.store->end_standings(news.ended))
    book.told({{}, news.ended});
  if (!news.changed.empty() && !parts.store->put_standings(news.changed))
    book.told({news.changed, {}});
}

void standing_keeper_state::tell_errors() {
  auto errors = parts.errors->take(most_errors);
  if (errors.empty())
    return;
  // What the store refuses for good would be in the way of all others.
  if (auto why = parts.store->add_call_errors(errors); why == errc::store_unavailable)
    parts.errors->back(std::move(errors));
}

} // namespace lode

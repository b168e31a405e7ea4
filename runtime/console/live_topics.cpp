#include "runtime/console/live_topics.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <utility>
#include <vector>

#include "runtime/console/at_end.hpp"
#include "runtime/console/merge_patch.hpp"

namespace lode {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto first_look = 5ms; ///< several topics are asked for at once
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

live_reader::text message_of(const std::string& topic, const char* what, const json::value& content) {
  return std::make_shared<const std::string>(R"({"topic":)" + json::serialize(json::value(topic)) + ",\"" + what + "\":"
                                             + json::serialize(content) + "}");
}

} // namespace

// -- one who watches ----------------------------------------------------------------------------------------------------

void live_reader::tell(text message) {
  if (is_given_up_)
    return;
  bytes_ += message->size();
  unsent_.push_back(std::move(message));
  if (bytes_ > most_unsent) {
    is_given_up_ = true;
    unsent_.clear();
    give_up_();
  }
  news_.cancel();
}

asio::awaitable<live_reader::text> live_reader::next() {
  while (unsent_.empty() && !is_given_up_)
    co_await news_.async_wait(no_throw);
  if (is_given_up_)
    co_return nullptr;
  auto message = std::move(unsent_.front());
  unsent_.pop_front();
  bytes_ -= message->size();
  co_return message;
}

// -- what is watched ----------------------------------------------------------------------------------------------------

bool live_topics::can_watch(const std::string& topic) {
  constexpr std::string_view tenants = "/tenants/", why = "/why";
  if (topic == "/overview" || topic == "/cluster" || topic == "/shards")
    return true;
  return topic.size() > tenants.size() + why.size() && topic.starts_with(tenants) && topic.ends_with(why)
         && topic.find_first_of("/?", tenants.size()) == topic.size() - why.size();
}

void live_topics::watch(const std::shared_ptr<live_reader>& reader, const std::string& topic, const asio::any_io_executor& executor) {
  if (!can_watch(topic) || reader->topics >= most_of_reader)
    return;
  auto& of = topics_[topic];
  if (of.readers.contains(reader) || of.fresh.contains(reader))
    return;
  ++reader->topics;
  (of.document ? of.readers : of.fresh).insert(reader);
  if (of.document)
    reader->tell(message_of(topic, "document", *of.document));
  if (!std::exchange(is_looking_, true))
    asio::co_spawn(executor, keep_looking(), asio::detached);
}

void live_topics::unwatch(const std::shared_ptr<live_reader>& reader, const std::string& topic) {
  auto found = topics_.find(topic);
  if (found == topics_.end())
    return;
  reader->topics -= found->second.readers.erase(reader) + found->second.fresh.erase(reader);
  if (found->second.readers.empty() && found->second.fresh.empty())
    topics_.erase(found);
}

void live_topics::leave(const std::shared_ptr<live_reader>& reader) {
  std::vector<std::string> all;
  for (const auto& [topic, of] : topics_)
    all.push_back(topic);
  for (const auto& topic : all)
    unwatch(reader, topic);
  --readers_;
}

asio::awaitable<void> live_topics::keep_looking() {
  at_end over{[this] { is_looking_ = false; }};
  asio::steady_timer rest{co_await asio::this_coro::executor, first_look};
  co_await rest.async_wait(no_throw);
  while (!topics_.empty()) {
    rest.expires_after(pace_.between_looks);
    std::vector<std::string> all;
    for (const auto& [topic, of] : topics_)
      all.push_back(topic);
    for (const auto& topic : all) {
      auto now = co_await ask_(topic);
      if (auto found = topics_.find(topic); now && found != topics_.end())
        show(topic, found->second, std::move(*now));
    }
    co_await rest.async_wait(no_throw);
  }
}

void live_topics::show(const std::string& topic, watched& of, json::value now) {
  auto patch = of.document ? merge_patch_between(*of.document, now) : std::nullopt;
  const bool is_news = !patch || !patch->get_object().empty();
  live_reader::text whole;
  if (!patch || !of.fresh.empty())
    whole = message_of(topic, "document", now);
  if (is_news || clock::now() - of.told >= pace_.quiet) {
    auto change = patch ? message_of(topic, "patch", *patch) : whole;
    for (const auto& reader : of.readers)
      reader->tell(change);
    of.told = clock::now();
  }
  for (const auto& reader : of.fresh)
    reader->tell(whole);
  of.readers.merge(of.fresh);
  of.fresh.clear();
  of.document = std::move(now);
}

} // namespace lode

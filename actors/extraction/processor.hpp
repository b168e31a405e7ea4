#pragma once

#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "actors/extraction/mining_services.hpp"
#include "messages/actors.hpp"
#include "runtime/extraction/event_mapper.hpp"
#include "runtime/extraction/received_response.hpp"
#include "runtime/extraction/page_reader.hpp"

namespace lode {

/// Stateless but for scratch memory: any page may go to any processor, a restart loses only what is in its mailbox (the
/// miners' deadlines notice).
struct processor_state {
  static constexpr const char* name = "lode.processor";

  /// `writers` and `codec` are those of the node.
  processor_state(processor_actor::pointer self, std::vector<page_writer_actor> writers, const continuation_codec* codec);
  processor_actor::behavior_type make_behavior();

  void process(process_page& page, const miner_actor& miner);
  void process(process_messages& batch, const capture_actor& capture);
  void hand_on(hashed_page&& page, const page_client_actor& client);
  void release();
  caf::expected<page_content> read(const process_page& page, std::chrono::nanoseconds& after);
  caf::expected<hashed_page> seal(process_page& page, page_content& content);

  processor_actor::pointer self;
  std::vector<page_writer_actor> writers;
  const continuation_codec* codec;
  std::optional<continuation_id> alone; ///< only its pages, until they are released
  std::vector<std::function<void()>> held; ///< what waits for that: at most a page of each miner, a window of each capture
  page_reader reader;
  event_mapper mapper;
  json_document scratch;
  std::minstd_rand random{std::random_device{}()};
};
using processor = processor_actor::stateful_impl<processor_state>;

} // namespace lode

#pragma once

#include <gmock/gmock.h>

#include "runtime/extraction/event_mapper.hpp"
#include "runtime/extraction/processor_steps.hpp"
#include "support.hpp"
#include "tests/unit/runtime/manifest/manifest_text.hpp"

namespace lode::testing {

inline source_plan_pointer example(const std::string& name) {
  auto loaded = load_manifest("config/examples/sources/" + name + ".yaml");
  EXPECT_TRUE(loaded.plan) << ::testing::PrintToString(messages(loaded));
  return loaded.plan;
}

inline expression::value live_config() {
  return json(R"({"base_url":"https://api.test/v1","account":"17","access_token":"t0ken","live_url":"wss://live.test","api_key":"k",
                  "portal":"4711","client_secret":"s3cret","shop":"one.shop.test","start":"2024-01-01T00:00:00Z"})");
}

/// A manifest with one stream "items" that is captured live: lines below `live` (8), keys of x-lode (6), lines of the stream (4).
inline source_plan_pointer live_source(const std::string& lines, const std::string& x_lode = {}, const std::string& stream = {}) {
  static const auto steps = builtin_steps();
  manifest_setup setup;
  setup.steps = &steps;
  auto text = manifest_text{.stream = stream + "    x-lode:\n" + x_lode + "      live:\n" + lines
                                      + "        fetch: {path: \"items/{{ key }}\"}\n"};
  auto loaded = load_manifest_text(std::string{text}, "test.yaml", setup);
  EXPECT_TRUE(loaded.plan) << ::testing::PrintToString(messages(loaded));
  return loaded.plan;
}

/// One listener of one connection that captures all streams.
struct listening {
  explicit listening(source_plan_pointer from, size_t live = 0, expression::value config = live_config())
    : listening(from, std::vector<bool>(from->streams.size(), true), live, std::move(config)) {}
  listening(source_plan_pointer from, const std::vector<bool>& wanted, size_t live = 0, expression::value config = live_config())
    : source(from), rules(event_rules::make(from, live, std::move(config), wanted, 42, at(1'700'000'000))) {
    EXPECT_TRUE(rules) << why(rules);
  }

  mapped_message hear(std::string_view text, std::vector<http_header> headers = {}) {
    return mapper.map(*rules, {text, headers, at(1'700'000'000)});
  }

  source_plan_pointer source;
  caf::expected<event_rules> rules;
  event_mapper mapper;
};

} // namespace lode::testing

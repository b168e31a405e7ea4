#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/expression/json_text.hpp"
#include "runtime/extraction/page_protocol.hpp"
#include "runtime/manifest/component.hpp"
#include "runtime/manifest/loader.hpp"
#include "runtime/manifest/yaml_reader.hpp"
#include "runtime/node/manifest_loading.hpp"

/// For the unit tests of what is added to Lode by name: no node, no network, no clock. Part of the installed package.
namespace lode {

/// Settings as they stand below a name in YAML, for the factory under test; afterwards what it said is wrong with them.
class settings_text {
public:
  explicit settings_text(std::string_view yaml)
      : read_{"test.yaml", {}, {}}, settings_(read_, read_yaml(yaml, "test.yaml", read_.notes), "#") {}
  settings_text(const settings_text&) = delete;
  settings_text& operator=(const settings_text&) = delete;

  operator const component&() const { return settings_; }
  std::vector<std::string> mistakes() const {
    std::vector<std::string> said;
    for (const auto& note : read_.notes)
      said.push_back(to_string(note));
    return said;
  }

private:
  compilation read_;
  component settings_;
};

/// One stream of a source, read as a node with `known` reads it: its manifest, its miner, its steps. Goes from page to page: request(),
/// then read() of the answer to it, then request() of the page that follows.
class source_under_test {
public:
  /// `config` is JSON: the connection's configuration and secrets. A manifest with mistakes fails the test.
  source_under_test(const std::filesystem::path& manifest, const extensions& known, std::string_view config)
      : config_(*expression::parse_json(config)) {
    auto loaded = load_manifest(manifest, manifest_setup_of({}, known));
    for (const auto& note : loaded.notes)
      ADD_FAILURE() << to_string(note);
    if (loaded.plan)
      source_ = *loaded.plan;
    source_.streams.resize(std::max<size_t>(source_.streams.size(), 1));
  }

  /// Of the next page; a failure fails the test.
  http_request request() const {
    auto made = stream_pages{source_.streams.front()}.request({config_, "", {}, state_, "", now()});
    EXPECT_TRUE(made) << (made ? "" : message_of(made.error()));
    return made ? std::move(*made) : http_request{};
  }

  /// What the answer to that request is read as.
  caf::expected<page_content> read(std::string_view body, int status = 200) {
    json_document scratch;
    received_response response{status, headers_, body, scratch};
    page_reader reader;
    auto page = reader.read({source_, 0, config_, "", {}, state_, response, 7, now()});
    if (page) {
      state_ = page->next_state;
      has_ended_ = page->ending == page_ending::slice_ended;
    }
    return page;
  }

  bool has_ended() const { return has_ended_; }

private:
  static instant now() { return instant{std::chrono::seconds{1'700'000'000}}; }

  source_plan source_;
  expression::value config_;
  wire::continuation_state state_;
  std::vector<http_header> headers_;
  bool has_ended_ = false;
};

} // namespace lode

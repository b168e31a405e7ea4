#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/expression/json_text.hpp"
#include "runtime/manifest/loader.hpp"
#include "runtime/manifest/references.hpp"
#include "runtime/manifest/yaml_reader.hpp"

namespace lode {

inline manifest_node_pointer read_or_fail(std::string_view text) {
  std::vector<diagnostic> notes;
  auto root = read_yaml(text, "test.yaml", notes);
  EXPECT_TRUE(root) << (notes.empty() ? "" : to_string(notes.front()));
  return root;
}

/// The node as JSON, without the `$parameters` that components keep.
inline std::string to_json_text(const manifest_node_pointer& node) {
  return node ? *expression::to_json(to_value(*node)) : "nothing";
}

/// A manifest with one stream "items" whose parts can be replaced: pieces are
/// appended at the indentation of the stream (4), the retriever (6) or the requester (8).
struct manifest_text {
  std::string stream{}, retriever{}, requester{}, top{};

  operator std::string() const {
    return "version: 6.0.0\ntype: DeclarativeSource\ncheck: {type: CheckStream, stream_names: [items]}\n" + top
           + "streams:\n"
             "  - type: DeclarativeStream\n"
             "    name: items\n"
             "    primary_key: id\n"
           + stream
           + "    retriever:\n"
             "      type: SimpleRetriever\n"
             "      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [data]}}\n"
           + retriever
           + "      requester:\n"
             "        type: HttpRequester\n"
             "        url_base: \"{{ config['base_url'] }}\"\n"
             "        path: items\n"
           + requester;
  }
};

inline std::vector<std::string> messages(const loaded_manifest& loaded) {
  std::vector<std::string> out;
  for (auto& note : loaded.notes)
    out.push_back(to_string(note));
  return out;
}

inline loaded_manifest load(const std::string& text) {
  return load_manifest_text(text, "test.yaml");
}

/// The plan of the only stream; fails the test when there is none.
inline stream_plan load_stream(const std::string& text) {
  auto loaded = load(text);
  EXPECT_TRUE(loaded.plan && !loaded.plan->streams.empty()) << ::testing::PrintToString(messages(loaded));
  return loaded.plan && !loaded.plan->streams.empty() ? loaded.plan->streams.back() : stream_plan{};
}

} // namespace lode

#pragma once

#include <caf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lode {

enum class json_kind : uint8_t { null, boolean, number, string, list, map };

class json_document;

/// One value of a json_document: a view, valid as long as the document and its text. What a document lacks is nothing, of which raw(),
/// text(), member(), first_child() and size() are nothing too: a path may be walked without a look at each step.
class json_node {
public:
  json_node() = default; ///< nothing: `exists()` is false
  json_node(const json_document* document, uint32_t index) : document_(document), index_(index) {}

  bool exists() const noexcept { return document_ != nullptr; }
  json_kind kind() const noexcept;
  bool is(json_kind wanted) const noexcept { return exists() && kind() == wanted; }
  /// The text as it was received; a string with its quotes.
  std::string_view raw() const noexcept;
  /// The characters of a string between its quotes, escapes as they were received.
  std::string_view raw_string() const noexcept;
  bool has_escapes() const noexcept;
  /// The decoded text of a string; a lone surrogate becomes its three bytes (WTF-8). "" of null, what was received of others.
  std::string text() const;

  /// The member called `name` of a map (the last of duplicates), or nothing.
  json_node member(std::string_view name) const;
  /// First child: the first element of a list; the first key of a map, followed by its value.
  json_node first_child() const noexcept;
  /// What follows this value inside its list or map, or nothing.
  json_node next_sibling() const noexcept;
  /// Elements of a list, members of a map.
  size_t size() const noexcept;

  const json_document& document() const noexcept { return *document_; }
  uint32_t index() const noexcept { return index_; }

private:
  friend class json_document;
  const json_document* document_ = nullptr;
  uint32_t index_ = 0;
};

/// A JSON text, checked completely (UTF-8, grammar, escapes) and taken apart once. Numbers stay text, so that
/// 64-bit overflows, `1e400` and `1.10` are what the API sent; lone surrogates and U+0000 are legal. Reuse one object for
/// many texts: its memory is kept.
class json_document {
public:
  static constexpr size_t max_depth = 1024;

  json_document();
  ~json_document();
  json_document(json_document&&) noexcept;
  json_document& operator=(json_document&&) noexcept;

  /// Takes `text` apart; the document refers to it until the next call. Fails with errc::bad_response and what was
  /// found at which byte.
  caf::error parse(std::string_view text);
  /// The same, but what lies deeper than max_depth is only found to end, not checked and not looked into: one record
  /// that goes too deep must not cost the others of its page. See is_too_deep().
  caf::error parse_shallow(std::string_view text);

  json_node root() const noexcept { return {this, 0}; }

  /// Whether something in this value was not looked into by parse_shallow().
  bool is_too_deep(json_node value) const noexcept;

  /// One value: its place in the text and where the next one that is not inside it begins.
  struct entry {
    uint32_t begin = 0;
    uint32_t end = 0;  ///< one behind the last byte
    uint32_t next = 0; ///< entry behind this value and all that is in it
    json_kind kind = json_kind::null;
    bool is_key = false;
    bool has_escapes = false; ///< of a string
    bool is_last = false;     ///< in its list or map (a key: its member is)
  };
  const entry& at(uint32_t index) const noexcept { return entries_[index]; }
  std::string_view source() const noexcept { return text_; }

private:
  struct indexer;
  std::unique_ptr<indexer> indexer_;
  std::string_view text_;
  std::vector<entry> entries_;
  std::vector<uint32_t> too_deep_; ///< entries that were not looked into, ascending
};

} // namespace lode

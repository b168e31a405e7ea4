#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/extraction/json_document.hpp"
#include "runtime/manifest/lode_extension.hpp"

namespace lode {

/// Grows when the canonical form below changes: hashes of different forms are not compared with each other.
inline constexpr uint32_t canonical_form_version = 1;

/// Fields that are stored but not hashed (`x-lode.ignore`), compiled. An element `*` stands for any key or any element
/// of a list; a list is also entered by an element's number. A path that a record lacks is silent.
class ignored_fields {
public:
  ignored_fields() = default;
  explicit ignored_fields(const std::vector<field_path>& paths);
  bool empty() const noexcept { return nodes_.empty(); }

  struct node {
    std::string name;
    bool is_end = false; ///< the field itself is left out
    std::vector<uint32_t> children;
  };
  const node& at(uint32_t index) const noexcept { return nodes_[index]; }

private:
  std::vector<node> nodes_; ///< 0 is the record itself
};

/// Writes the canonical form of JSON values. Byte for byte:
/// - no white space; maps `{"k":v,...}`, lists `[v,...]`, `true`, `false`, `null`;
/// - keys of a map in the order of the bytes of their decoded text (a lone surrogate counts as its three bytes); of keys
///   with equal decoded text only the last one;
/// - strings (keys too) decoded and encoded again as UTF-8, where only these are escaped: `"` as `\"`, `\` as `\\`, each
///   character below U+0020 as `\u00xx` with lower-case hex digits, each lone surrogate as `\udxxx` with lower-case hex digits;
/// - numbers exactly as they were received;
/// - elements of lists that are ignored fields are left out like members of maps.
/// An object keeps its scratch memory: use one per thread for many records.
class canonical_writer {
public:
  /// The canonical form of `value` without the ignored fields; the view is valid until the next call.
  std::string_view write(json_node value, const ignored_fields& ignored = {});

private:
  struct member {
    uint64_t prefix; ///< of the decoded key: decides most comparisons
    uint32_t key;    ///< entry of the key; its value is the next one
  };
  /// Nodes of ignored_fields that the value being written has reached; empty: nothing below it is ignored.
  using states = std::vector<uint32_t>;

  char* put_value(char* out, uint32_t index, const states& at);
  char* put_string(char* out, uint32_t index);
  char* put_map(char* out, uint32_t index, const states& at);
  char* put_list(char* out, uint32_t index, const states& at);
  /// Pushes the members of a map, sorted; of equal keys the later received stands behind.
  void collect_members(uint32_t index);
  bool is_before(const member& left, const member& right) const;
  int compare_keys(uint32_t left, uint32_t right) const;
  /// False when what is entered is itself ignored; else `inside` are the nodes reached.
  template <class Matches>
  bool enter(Matches matches, const states& at, states& inside) const;
  bool enter_member(uint32_t key, const states& at, states& inside) const;

  const json_document* document_ = nullptr;
  const ignored_fields* ignored_ = nullptr;
  std::vector<member> members_; ///< a stack: one stretch per open map
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
};

/// The canonical form of a JSON text, for tests and tools. Fails like json_document::parse.
caf::error canonical_form(std::string_view text, const ignored_fields& ignored, std::string& out);

} // namespace lode

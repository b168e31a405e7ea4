#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "messages/records.hpp"
#include "runtime/extraction/canonical_form.hpp"

namespace lode {

/// How the content hash of a stream's records is made from the text that is stored: the version of the canonical form and
/// the fields that are left out of it. Hashes of different forms say nothing about each other; the stored text does.
struct record_form {
  record_form() = default;
  record_form(const std::vector<field_path>& ignore, uint64_t hash_seed);

  /// 0: the first canonical form of the whole record.
  int64_t number = 0;
  ignored_fields ignored{};
  uint64_t hash_seed = 0;

  /// The hash that a record of this text has in this form; nothing when the text cannot be read.
  std::optional<content_hash> hash(std::string_view payload) const;
};

/// Tells forms apart wherever they were made. Neither order nor repetition of the fields counts.
int64_t form_number(std::vector<field_path> ignore, uint32_t version = canonical_form_version);

} // namespace lode

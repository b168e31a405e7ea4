#pragma once

#include "tests/simapi/settings.hpp"

#include <cstdint>
#include <string>

namespace simapi {

/// All that a record's text depends on.
struct record_facts {
  uint64_t seed;
  uint32_t tenant;
  uint64_t account; // graph: the account that posts belong to
  stream_kind stream;
  uint64_t number; // unique in its stream, ascending with creation
  uint64_t parent; // comments: the number of the post
  int64_t created_at;
  int64_t updated_at;
  uint32_t content; // which of the record's contents
  uint32_t bytes;   // wanted length
};

/// Appends the record as one line of JSON: the same facts give the same bytes, always.
void append_record(std::string& out, const record_facts& facts);

/// The primary key as text: what the record's `id` says.
std::string key_text(stream_kind stream, uint64_t account, uint64_t number, uint64_t parent);

/// The number inside a key; 0 if the text is no key.
uint64_t number_in_key(const std::string& key);

} // namespace simapi

#pragma once

#include <rapidjson/reader.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace audit {

/// XXH3-128, high word first; all zero is a deleted record.
struct content_hash {
  uint64_t high = 0;
  uint64_t low = 0;
  friend bool operator==(const content_hash&, const content_hash&) = default;
  bool is_zero() const { return high == 0 && low == 0; }
};

content_hash hash_of(std::string_view canonical, uint64_t seed);

/// Fields that are not compared: elements of a path below the record; "*" stands for any key or list element.
using field_path = std::vector<std::string>;
using ignored_paths = std::vector<field_path>;

/// "a.*.b" as a path.
field_path parse_path(std::string_view text);

/// Writes the canonical form of JSON texts: keys sorted by bytes, the last of equal keys, no white space, strings decoded
/// and encoded one way, numbers as they were written, without ignored fields. Keeps its memory: one per thread.
class canonical_maker {
public:
  /// False when `text` is no JSON, nested deeper than 1,024, or has a number beyond 1e308; error() says what.
  /// The result is valid until the next call.
  bool make(std::string_view text, const ignored_paths& ignored = {});
  std::string_view result() const { return out_; }
  const std::string& error() const { return error_; }

  // What RapidJSON's reader calls.
  bool Null() { return scalar("null"); }
  bool Bool(bool value) { return scalar(value ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) { return scalar({text, size}); }
  bool String(const char* text, rapidjson::SizeType size, bool);
  bool Key(const char* text, rapidjson::SizeType size, bool);
  bool StartObject() { return open('{'); }
  bool EndObject(rapidjson::SizeType);
  bool StartArray() { return open('['); }
  bool EndArray(rapidjson::SizeType);
  // Never called with numbers kept as text.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }

private:
  struct frame {
    bool is_object;
    size_t begin;        // of its text in out_
    size_t first_member; // in members_
    size_t elements = 0; // of a list, seen
    size_t kept = 0;     // of a list, written
    size_t value = 0;    // where the current element begins, its comma included
    bool in_order = true;
  };
  struct member {
    size_t key, key_size; // in keys_
    size_t begin, end;    // in out_, without comma
    bool ignored;
  };

  bool parse(std::string_view text);
  bool scalar(std::string_view text);
  bool open(char bracket);
  void begin_value();
  void end_value();
  bool is_ignored() const;
  bool names(const std::string& element, const frame& level, const member* current) const;
  std::string_view key_of(const member& of) const { return std::string_view{keys_}.substr(of.key, of.key_size); }
  void write_string(std::string_view text);
  void sort_members(const frame& of);

  std::string out_, keys_, scratch_, error_;
  std::vector<frame> frames_;
  std::vector<member> members_;
  std::vector<uint32_t> order_;
  const ignored_paths* ignored_ = nullptr;
};

} // namespace audit

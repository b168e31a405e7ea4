#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lode {

/// The parameters of one statement in PostgreSQL's binary format, in order. Text must be UTF-8 without U+0000.
class parameters {
public:
  parameters& add(int64_t value);
  parameters& add(std::optional<int64_t> value);
  parameters& add(bool value);
  parameters& add_text(std::string_view value);
  parameters& add_bytes(std::string_view value);
  parameters& add(std::span<const int64_t> values);
  parameters& add_bools(std::span<const uint8_t> values);
  parameters& add_texts(std::span<const std::string_view> values);
  parameters& add_byte_strings(std::span<const std::string_view> values);

  size_t size() const noexcept { return values_.size(); }
  /// What PQexecPrepared takes; valid until the next add.
  std::vector<const char*> pointers() const;
  std::vector<int> lengths() const;

private:
  void add_strings(std::span<const std::string_view> values, uint32_t element_type);
  std::vector<std::optional<std::string>> values_;
};

} // namespace lode

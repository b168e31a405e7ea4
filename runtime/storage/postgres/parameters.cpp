#include "runtime/storage/postgres/parameters.hpp"

namespace lode {

namespace {

// Object ids of pg_type: fixed in every PostgreSQL.
constexpr uint32_t type_bool = 16;
constexpr uint32_t type_bytes = 17;
constexpr uint32_t type_int8 = 20;
constexpr uint32_t type_text = 25;

void put32(std::string& out, uint32_t value) {
  const char bytes[] = {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
                        static_cast<char>(value)};
  out.append(bytes, 4);
}

void put64(std::string& out, uint64_t value) {
  put32(out, static_cast<uint32_t>(value >> 32));
  put32(out, static_cast<uint32_t>(value));
}

/// Dimensions, "has nulls", element type, then per dimension its length and first index.
std::string array_head(size_t count, uint32_t element_type, size_t bytes) {
  std::string out;
  out.reserve(20 + bytes);
  put32(out, count == 0 ? 0 : 1);
  put32(out, 0);
  put32(out, element_type);
  if (count > 0) {
    put32(out, static_cast<uint32_t>(count));
    put32(out, 1);
  }
  return out;
}

} // namespace

parameters& parameters::add(int64_t value) {
  std::string out;
  put64(out, static_cast<uint64_t>(value));
  values_.emplace_back(std::move(out));
  return *this;
}

parameters& parameters::add(std::optional<int64_t> value) {
  if (value)
    return add(*value);
  values_.emplace_back(std::nullopt);
  return *this;
}

parameters& parameters::add(bool value) {
  values_.emplace_back(std::string(1, value ? '\1' : '\0'));
  return *this;
}

parameters& parameters::add_text(std::string_view value) {
  values_.emplace_back(std::string{value});
  return *this;
}

parameters& parameters::add_bytes(std::string_view value) {
  return add_text(value);
}

parameters& parameters::add(std::span<const int64_t> values) {
  auto out = array_head(values.size(), type_int8, values.size() * 12);
  for (auto value : values) {
    put32(out, 8);
    put64(out, static_cast<uint64_t>(value));
  }
  values_.emplace_back(std::move(out));
  return *this;
}

parameters& parameters::add_bools(std::span<const uint8_t> values) {
  auto out = array_head(values.size(), type_bool, values.size() * 5);
  for (auto value : values) {
    put32(out, 1);
    out.push_back(value ? '\1' : '\0');
  }
  values_.emplace_back(std::move(out));
  return *this;
}

void parameters::add_strings(std::span<const std::string_view> values, uint32_t element_type) {
  size_t bytes = 0;
  for (auto value : values)
    bytes += 4 + value.size();
  auto out = array_head(values.size(), element_type, bytes);
  for (auto value : values) {
    put32(out, static_cast<uint32_t>(value.size()));
    out.append(value);
  }
  values_.emplace_back(std::move(out));
}

parameters& parameters::add_texts(std::span<const std::string_view> values) {
  add_strings(values, type_text);
  return *this;
}

parameters& parameters::add_byte_strings(std::span<const std::string_view> values) {
  add_strings(values, type_bytes);
  return *this;
}

std::vector<const char*> parameters::pointers() const {
  std::vector<const char*> out;
  for (const auto& value : values_)
    out.push_back(value ? value->data() : nullptr);
  return out;
}

std::vector<int> parameters::lengths() const {
  std::vector<int> out;
  for (const auto& value : values_)
    out.push_back(value ? static_cast<int>(value->size()) : 0);
  return out;
}

} // namespace lode

#include "runtime/storage/postgres/query_result.hpp"

#include <libpq-fe.h>

namespace lode {

namespace {

uint32_t get32(std::string_view bytes, size_t at) {
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])); };
  return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

int64_t get64(std::string_view bytes) {
  return static_cast<int64_t>(static_cast<uint64_t>(get32(bytes, 0)) << 32 | get32(bytes, 4));
}

/// The elements of a one-dimensional array without nulls.
std::vector<std::string_view> elements(std::string_view bytes) {
  std::vector<std::string_view> out;
  if (bytes.size() < 20)
    return out;
  out.reserve(get32(bytes, 12));
  for (size_t at = 20; at + 4 <= bytes.size();) {
    auto length = get32(bytes, at);
    out.push_back(bytes.substr(at + 4, length));
    at += 4 + length;
  }
  return out;
}

} // namespace

void query_result::clear_result::operator()(pg_result* result) const noexcept {
  PQclear(result);
}

query_result::query_result(pg_result* owned) : result_(owned), rows_(PQntuples(owned)) {}

bool query_result::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view query_result::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

int64_t query_result::number(int row, int column) const {
  auto bytes = text(row, column);
  return bytes.size() == 8 ? get64(bytes) : 0;
}

bool query_result::boolean(int row, int column) const {
  auto bytes = text(row, column);
  return !bytes.empty() && bytes[0] != '\0';
}

std::vector<int64_t> query_result::numbers(int row, int column) const {
  std::vector<int64_t> out;
  for (auto element : elements(text(row, column)))
    out.push_back(get64(element));
  return out;
}

std::vector<bool> query_result::booleans(int row, int column) const {
  std::vector<bool> out;
  for (auto element : elements(text(row, column)))
    out.push_back(element[0] != '\0');
  return out;
}

std::vector<std::string> query_result::texts(int row, int column) const {
  std::vector<std::string> out;
  for (auto element : elements(text(row, column)))
    out.emplace_back(element);
  return out;
}

} // namespace lode

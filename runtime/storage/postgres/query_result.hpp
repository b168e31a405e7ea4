#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pg_result;

namespace lode {

/// The rows of one statement in binary format. Every number is a bigint; a column is read as the type that the
/// statement selects, nothing is converted.
class query_result {
public:
  explicit query_result(pg_result* owned);

  int rows() const noexcept { return rows_; }
  bool is_null(int row, int column) const;
  int64_t number(int row, int column) const;
  bool boolean(int row, int column) const;
  /// Valid as long as this result.
  std::string_view text(int row, int column) const;
  std::string string(int row, int column) const { return std::string{text(row, column)}; }
  std::vector<int64_t> numbers(int row, int column) const;
  std::vector<bool> booleans(int row, int column) const;
  std::vector<std::string> texts(int row, int column) const;

private:
  struct clear_result {
    void operator()(pg_result* result) const noexcept;
  };
  std::unique_ptr<pg_result, clear_result> result_;
  int rows_ = 0;
};

} // namespace lode

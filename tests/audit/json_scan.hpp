#pragma once

#include <string_view>

namespace audit {

/// Walks over JSON text without decoding it, so that values keep their bytes. Throws could_not_audit.
class json_scan {
public:
  explicit json_scan(std::string_view text) : text_(text) {}

  /// The text of the value that begins here.
  std::string_view value();
  /// Into an object or a list; then next_member() / next_element() until false.
  void enter(char bracket);
  /// Moves to the next member and reads its key without quotes and undecoded.
  bool next_member(std::string_view& key);
  bool next_element();

private:
  char peek();
  void expect(char wanted);
  std::string_view string();
  bool next(char closing);
  [[noreturn]] void fail(const char* wanted) const;

  std::string_view text_;
  size_t at_ = 0;
};

} // namespace audit
